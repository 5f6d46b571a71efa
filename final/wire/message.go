package wire

// The verbs of a Request.
const (
	Attach = "attach" // be given the output, and give the input
	Signal = "signal" // send the program a signal
	Resize = "resize" // of its terminal
	Stop   = "stop"   // ask the container to end, and kill it if it does not
	Kill   = "kill"   // send the container a signal, by drydock kill
	Wait   = "wait"   // be told how it has ended
)

// A Request is an order to the supervisor. Attach lasts: what follows on the connection is about it.
type Request struct {
	Verb    string
	Streams []string `json:",omitempty"` // attach: of stdin, stdout, stderr
	Start   bool     `json:",omitempty"` // attach: and answer when the program runs
	Signal  string   `json:",omitempty"` // of signal, stop and kill
	Seconds *int     `json:",omitempty"` // stop: how long to wait; nil is as the container has it
	Again   bool     `json:",omitempty"` // stop: it will be started again, so it stays even if it is to be removed at its end
	Size    [2]uint  `json:",omitempty"` // rows and columns
}

// A Reply is what the supervisor says.
type Reply struct {
	Started bool   `json:",omitempty"` // the program runs
	Done    bool   `json:",omitempty"` // stop, kill: it is done
	Ended   bool   `json:",omitempty"` // the program has ended, and what belonged to it is gone
	Code    int    `json:",omitempty"` // its exit code; or with Failure, ours
	Failure string `json:",omitempty"` // why t come to that
	Note    string `json:",omitempty"` // what the user should know
}

package network

import (
	"os"

	"drydock/internal/kernel"
)

// Forward has the host pass on packets that are for others: it becomes a router, until it is
// booted again. It tells whether it was none before.
func Forward() (switched bool, err error) {
	return setting("net/ipv4/ip_forward", "1", "the host passes on what is for others")
}

// setting gives a sysctl a value, and tells whether it had another. proc_sys(5).
func setting(name, value, why string) (switched bool, err error) {
	path := "/proc/sys/" + name
	text, err := os.ReadFile(path)
	if err != nil || string(text) == value+"\n" {
		return false, err
	}
	return true, kernel.WriteFile(why, path, value)
}

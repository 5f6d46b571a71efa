// Package cover keeps the coverage counters of a program that ends in execve(2).
//
// A program built with go build -cover writes its counters to $GOCOVERDIR when it
// exits. A container's init never exits: it becomes the user's program, and by then
// it has left the root in which that folder is. So it opens the folder while it can,
// and writes the counters there just before the exec:
//
//	cover.Open()   // first of all
//	…
//	cover.Write()  // last before execve
//
// All of it does something only with the build tag cover, for which the program must also
// be built with -cover -covermode=atomic; otherwise nothing of this is in the binary.
package cover

// Package threads has the Go runtime start threads before it needs them.
package threads

import (
	"runtime"
	"sync"
)

// Spare has the runtime start n threads, which it keeps: it will take those before it asks the
// kernel for new ones. Where the kernel would refuse, a Go program crashes.
func Spare(n int) {
	var here, gone sync.WaitGroup
	here.Add(n)
	for range n {
		gone.Go(func() {
			runtime.LockOSThread() // to a thread of its own: so while all wait, there are n
			defer runtime.UnlockOSThread()
			here.Done()
			here.Wait()
		})
	}
	gone.Wait()
}

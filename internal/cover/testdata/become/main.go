// Command become ends in an exec from inside another root, as a container's init does.
package main

import (
	"fmt"
	"syscall"

	"drydock/internal/cover"
)

func main() {
	cover.Open()
	fmt.Println(reached())
	cover.Write()
	if err := syscall.Exec("/bin/true", []string{"true"}, nil); err != nil {
		fmt.Println(err)
	}
}

func reached() string { return "counted before the exec" }

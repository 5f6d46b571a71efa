package main

import (
	"testing"

	"drydock/internal/kit"
)

// What is drydock's alone.
func TestKernelOwn(t *testing.T) {
	kit.Run(t, kit.Suite{Dir: "testdata/script", Bin: "drydock", After: stays})
}

package main

import (
	"testing"

	"drydock/internal/kit"
)

func TestKernel(t *testing.T) {
	kit.Run(t, kit.Suite{Dir: "testdata/script", Bin: "stage4"})
}

// What stage 1 promises holds here too.
func TestRootStage1(t *testing.T) {
	kit.Run(t, kit.Suite{
		Dir: "../stage1-namespaces/testdata/script",
		Bin: "stage1",
		As:  "stage4",
		Run: []string{"--rm", "--rootfs"},
		Except: map[string]string{
			"errors":  "the flags and usage lines are this stage's own",
			"exec":    "takes a name here, not a pid",
			"explain": "there are more steps",
			"many":    "stage 3 has them",
			"subset":  "layers need a mount namespace",
			"userns":  "is stage 1's alone, until final",
		},
	})
}

func TestKernelChapter(t *testing.T) {
	kit.Transcripts(t, "README.md")
}

func TestExcerpts(t *testing.T) {
	kit.Excerpts(t, "README.md")
}

package main

import (
	"testing"

	"drydock/internal/kit"
)

func TestKernel(t *testing.T) {
	kit.Run(t, kit.Suite{Dir: "testdata/script", Bin: "stage1"})
}

func TestKernelChapter(t *testing.T) {
	kit.Transcripts(t, "README.md")
}

// The first page of the project shows this stage's program, so it is tested here.
func TestKernelReadme(t *testing.T) {
	kit.Transcripts(t, "../README.md")
}

func TestExcerpts(t *testing.T) {
	kit.Excerpts(t, "README.md")
}

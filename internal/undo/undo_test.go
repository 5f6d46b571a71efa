package undo

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRunGoesBackwardsAndPastErrors(t *testing.T) {
	var stack Stack
	var ran []string
	broken := errors.New("busy")
	for _, name := range []string{"cgroup", "veth", "process"} {
		stack.Add(func() error {
			ran = append(ran, name)
			if name == "veth" {
				return broken
			}
			return nil
		})
	}
	if err := stack.Run(); !errors.Is(err, broken) {
		t.Errorf("Run() = %v, want the error of the broken entry", err)
	}
	if diff := cmp.Diff([]string{"process", "veth", "cgroup"}, ran); diff != "" {
		t.Errorf("order of the undone (-want +got):\n%s", diff)
	}
	if err := stack.Run(); err != nil || len(ran) != 3 {
		t.Errorf("a second Run() = %v and ran %v: it should find nothing to do", err, ran)
	}
}

func TestRelease(t *testing.T) {
	var stack Stack
	stack.Add(func() error { t.Error("released, but called"); return nil })
	stack.Release()
	if err := stack.Run(); err != nil {
		t.Error(err)
	}
}

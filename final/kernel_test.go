package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"drydock/internal/kit"
)

// stays takes away what is meant to stay after the last container: the bridge, the table, and that
// the host passes packets on.
const stays = `
for link in docker0 drydock0; do
	! ip link show $link >/dev/null 2>&1 || ip link del $link
done
! nft list table ip drydock >/dev/null 2>&1 || nft delete table ip drydock
! nft list table ip6 drydock >/dev/null 2>&1 || nft delete table ip6 drydock
echo 0 >/proc/sys/net/ipv4/ip_forward`

// What the stages promise holds here too. Where it does not there is a reason, which is mostly that Docker does otherwise: a
// container outlives the command that has started it, has standard input only with -i, and root not all of his rights.
func TestRootStage1(t *testing.T) {
	kit.Run(t, kit.Suite{
		Dir:   "../stage1-namespaces/testdata/script",
		Bin:   "stage1",
		As:    "drydock",
		After: stays,
		Run:   []string{"-i", "--rm", "--rootfs"},
		Except: map[string]string{
			"breakout":  "chroot is root's right here too, and the one of getting out of it not",
			"errors":    "the flags and usage lines are Docker's",
			"exec":      "takes a name here, not a pid",
			"explain":   "there are more steps",
			"isolation": "root may not mount",
			"many":      "stage 3 has them",
			"mounts":    "the container outlives the command: life.txtar",
			"readonly":  "root may mount in no container",
			"signals":   "the container outlives the command",
			"subset":    "layers need a mount namespace",
			"user":      "users have names here, and the container outlives the command",
			"userns":    "comes with confinement",
		},
	})
}

// notStage2 are the scripts of stage 2 that are about the stage itself.
var notStage2 = map[string]string{
	"errors":      "the flags and usage lines are Docker's",
	"explain":     "there are more steps",
	"group":       "a group has the container's id for its name, and ps Docker's columns",
	"many":        "chaos.txtar does more, with kill -9 of what owns the container here",
	"memory":      "Docker tells of it in State.OOMKilled: limits.txtar",
	"undelegated": "ps and stats have Docker's columns",
}

// TestRootStage2 is what takes no cgroup controller, and TestKernelStage2 what does.
func TestRootStage2(t *testing.T) {
	stage2(t, map[string]string{"cpu": "TestKernelStage2", "pids": "TestKernelStage2"})
}

func TestKernelStage2(t *testing.T) {
	stage2(t, map[string]string{"exec": "TestRootStage2", "freeze": "TestRootStage2", "kill": "TestRootStage2"})
}

func stage2(t *testing.T, except map[string]string) {
	maps.Copy(except, notStage2)
	kit.Run(t, kit.Suite{
		Dir: "../stage2-cgroups/testdata/script", Bin: "stage2", As: "drydock", After: stays,
		Run:    []string{"-i", "--rm", "--network", "none", "--cap-add", "SYS_ADMIN", "--rootfs"},
		Except: except,
	})
}

// TestKernelLimits is what a container may use, told by its files, and what Docker's commands say of it.
func TestKernelLimits(t *testing.T) {
	kit.Run(t, kit.Suite{Dir: "testdata/limits", Bin: "drydock", After: stays})
}

func TestRootStage3(t *testing.T) {
	kit.Run(t, kit.Suite{
		Dir: "../stage3-unionfs/testdata/script", Bin: "stage3", As: "drydock", After: stays,
		Run:   []string{"-i", "--rm", "--network", "none", "--rootfs"},
		Words: map[string]string{"run --keep": "run -i --network none --rootfs"},
		Except: map[string]string{
			"errors":  "the flags and usage lines are Docker's",
			"explain": "there are more steps",
			"keep":    "start takes no command, and ps has Docker's columns",
			"killed":  "the container outlives the command: killed.txtar",
			"limits":  "TestKernelStage2 has them",
		},
	})
}

func TestRootStage4(t *testing.T) {
	kit.Run(t, kit.Suite{
		Dir: "../stage4-images/testdata/script", Bin: "stage4", As: "drydock", Also: []string{"stage3"}, After: stays,
		Run:   []string{"-i", "--network", "none"},
		Words: map[string]string{"run --keep": "run -i --network none --rootfs", "start": "start -a -i", "save": "save -o", "save -": "save", "fsck": ""},
		Except: map[string]string{
			"errors": "the flags and usage lines are Docker's",
		},
	})
}

func TestRootStage5(t *testing.T) {
	kit.Run(t, kit.Suite{
		Dir: "../stage5-volumes/testdata/script", Bin: "stage5", As: "drydock", Also: []string{"stage3", "stage4"}, After: stays,
		Run:   []string{"-i", "--network", "none"},
		Words: map[string]string{"run --keep": "run -i --network none --rootfs", "start": "start -a -i", "save -": "save", "fsck": ""},
		Except: map[string]string{
			"errors": "the flags and usage lines are Docker's",
			"killed": "the container outlives the command: killed.txtar",
		},
	})
}

func TestRootStage6(t *testing.T) {
	kit.Run(t, kit.Suite{
		Dir: "../stage6-network/testdata/script", Bin: "stage6", As: "drydock", Also: []string{"stage3"}, After: stays,
		Run:   []string{"-i"},
		Words: map[string]string{"start": "start -a -i"},
		Except: map[string]string{
			"errors": "the flags and usage lines are Docker's",
			"killed": "the container outlives the command: killed.txtar",
		},
	})
}

// TestRootLinks is what stage 7 promises of two containers and a name.
func TestRootLinks(t *testing.T) {
	kit.Run(t, kit.Suite{
		Dir: "../stage7-links/testdata/script", Bin: "stage7", As: "drydock", After: stays,
		Run: []string{"-i"}, Words: map[string]string{"start": "start -a -i"},
		Except: map[string]string{
			"between": "it stops the command, and that is not who starts the container here",
			"redis":   "the first chapter of links has it",
		},
	})
}

func TestRootChapter(t *testing.T) {
	kit.Transcripts(t, "README.md")
}

// TestSession has the session that the chapter shows be what a script types, as a transcript has no terminal: its commands and their
// order, and what is typed there.
func TestSession(t *testing.T) {
	shown, typed := find(t, "README.md", "(?ms)^```text\n(.*?)^```", `(?m)^(?:/ )?# (.*)$`),
		find(t, "testdata/script/session.txtar", `(?s)(.*)\n-- `, `(?m)^(?:status \d+ |terminal \w+ |type \w+ ')(.*?)(?:\\r')?$`)
	for _, command := range shown {
		i := slices.Index(typed, command)
		if i < 0 {
			t.Fatalf("nobody types %s, or earlier", command)
		}
		typed = typed[i+1:]
	}
	if len(shown) < 12 {
		t.Errorf("the chapter shows %d commands", len(shown))
	}
}

// find returns what is in parentheses of a pattern, wherever it is in a part of a file, which is in those of another.
func find(t *testing.T, file, part, pattern string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	within := regexp.MustCompile(part).FindSubmatch(text)
	if within == nil {
		t.Fatalf("%s has no %s", file, part)
	}
	for _, found := range regexp.MustCompile(pattern).FindAllSubmatch(within[1], -1) {
		all = append(all, string(found[1]))
	}
	return all
}

func TestExcerpts(t *testing.T) {
	kit.Excerpts(t, "README.md")
}

// What nobody but drydock has.
func TestRootScripts(t *testing.T) {
	kit.Run(t, kit.Suite{Dir: "testdata/script", Bin: "drydock", After: stays})
}

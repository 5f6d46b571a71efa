package main

import (
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

func TestExcerpts(t *testing.T) {
	kit.Excerpts(t, "README.md")
}

// What nobody but drydock has.
func TestRootScripts(t *testing.T) {
	kit.Run(t, kit.Suite{Dir: "testdata/script", Bin: "drydock", After: stays})
}

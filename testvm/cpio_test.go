package main

import (
	"bytes"
	"io/fs"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sampleTree() Tree {
	tree := Tree{}
	tree.putFile("usr/bin/tool", 0o755|fs.ModeSetuid, "#!/bin/sh\n")
	tree.putLink("bin", "usr/bin")
	tree.putFolder("tmp", 0o777|fs.ModeSticky)
	tree.putFile("etc/empty", 0o640, "")
	tree.putFile("etc/odd name", 0o644, "12345")
	return tree
}

// TestCPIOListing has cpio(1) list what we wrote.
func TestCPIOListing(t *testing.T) {
	var archive bytes.Buffer
	if err := writeCPIO(&archive, sampleTree()); err != nil {
		t.Fatal(err)
	}
	list := exec.Command("cpio", "-tv", "--quiet", "--numeric-uid-gid")
	list.Stdin = &archive
	got, err := list.CombinedOutput()
	if err != nil {
		t.Fatalf("cpio -tv: %v: %s", err, got)
	}
	want := `
lrwxrwxrwx 0 0 7 bin -> usr/bin
drwxr-xr-x 0 0 0 etc
-rw-r----- 0 0 0 etc/empty
-rw-r--r-- 0 0 5 etc/odd name
drwxrwxrwt 0 0 0 tmp
drwxr-xr-x 0 0 0 usr
drwxr-xr-x 0 0 0 usr/bin
-rwsr-xr-x 0 0 10 usr/bin/tool
`
	if diff := cmp.Diff(strings.TrimSpace(want), squeeze(string(got))); diff != "" {
		t.Errorf("cpio -tv lists (-want +got):\n%s", diff)
	}
}

// squeeze drops the number of links and the date of each line, and runs of blanks.
func squeeze(listing string) string {
	line := regexp.MustCompile(`(?m)^(\S+) +\d+ +(\d+) +(\d+) +(\d+) \w+ +\d+ +[\d:]+ (.*)$`)
	return strings.TrimSpace(line.ReplaceAllString(listing, "$1 $2 $3 $4 $5"))
}

func TestCPIOIsReproducible(t *testing.T) {
	var archives [2]bytes.Buffer
	for i := range archives {
		if err := writeCPIO(&archives[i], sampleTree()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0].Bytes(), archives[1].Bytes()) {
		t.Error("the same tree gave two different archives")
	}
	if archives[0].Len()%4 != 0 {
		t.Errorf("an archive of %d bytes: the next one would not begin at a multiple of four", archives[0].Len())
	}
}

// Package fstab reads mount options as /etc/fstab has them.
//
// The problem: ro,noexec,size=1m is one list for people. For the kernel it is two things: what
// holds for any file system are bits of an argument of mount(2), and the rest is text for the
// file system that is mounted, which alone knows what it means.
//
// In a shell: mount -t tmpfs -o ro,noexec,size=1m tmpfs TARGET, where mount(8) takes them apart.
//
// To read: mount(2), mount(8) on FILESYSTEM-INDEPENDENT MOUNT OPTIONS, fstab(5), tmpfs(5).
package fstab

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Options are those of one mount.
type Options struct {
	Flags       uintptr // of mount(2)
	Data        string  // for the file system
	Propagation string  // the last word of it, which mount(2) wants in a call of its own
}

// words are the options that are flags: what they set, and what they take back.
var words = map[string]struct{ set, clear uintptr }{
	"defaults":      {},
	"ro":            {set: unix.MS_RDONLY},
	"rw":            {clear: unix.MS_RDONLY},
	"nosuid":        {set: unix.MS_NOSUID},
	"suid":          {clear: unix.MS_NOSUID},
	"nodev":         {set: unix.MS_NODEV},
	"dev":           {clear: unix.MS_NODEV},
	"noexec":        {set: unix.MS_NOEXEC},
	"exec":          {clear: unix.MS_NOEXEC},
	"sync":          {set: unix.MS_SYNCHRONOUS},
	"async":         {clear: unix.MS_SYNCHRONOUS},
	"dirsync":       {set: unix.MS_DIRSYNC},
	"mand":          {set: unix.MS_MANDLOCK},
	"nomand":        {clear: unix.MS_MANDLOCK},
	"noatime":       {set: unix.MS_NOATIME},
	"atime":         {clear: unix.MS_NOATIME},
	"nodiratime":    {set: unix.MS_NODIRATIME},
	"diratime":      {clear: unix.MS_NODIRATIME},
	"relatime":      {set: unix.MS_RELATIME},
	"norelatime":    {clear: unix.MS_RELATIME},
	"strictatime":   {set: unix.MS_STRICTATIME},
	"nostrictatime": {clear: unix.MS_STRICTATIME},
	"bind":          {set: unix.MS_BIND},
	"rbind":         {set: unix.MS_BIND | unix.MS_REC},
}

// Parse reads options with commas between them. Of two that contradict each other, the last
// holds. What is none of the words above is the file system's.
func Parse(text string) (o Options) {
	var data []string
	for option := range strings.SplitSeq(text, ",") {
		switch word, isFlag := words[option]; {
		case isFlag:
			o.Flags = o.Flags&^word.clear | word.set
		case slices.Contains(propagations, option):
			o.Propagation = option
		default:
			data = append(data, option)
		}
	}
	o.Data = strings.Join(data, ",")
	return o
}

// propagations are the words for who else sees what is mounted in there later. Docker takes them for
// a tmpfs, too: a new mount is private in any case, and has nobody to tell.
var propagations = strings.Fields("private rprivate slave rslave shared rshared unbindable runbindable")

// tmpfsKeys are the options of tmpfs that Docker lets through.
var tmpfsKeys = strings.Fields("size mode uid gid nr_inodes nr_blocks mpol")

// Tmpfs reads the options of --tmpfs. Programs and devices are not to come from there, unless it
// says exec, suid or dev.
func Tmpfs(text string) (Options, error) {
	options := []string{"noexec", "nosuid", "nodev"}
	if text != "" {
		options = append(options, strings.Split(text, ",")...)
	}
	data := map[string]int{} // where each is in known
	var known []string
	for _, option := range options {
		key, _, hasValue := strings.Cut(option, "=")
		_, isFlag := words[option]
		isFlag = isFlag && option != "bind" && option != "rbind"
		at, again := data[key]
		switch {
		case slices.Contains(propagations, option):
		case isFlag:
			known = append(known, option)
		case !hasValue || !slices.Contains(tmpfsKeys, key):
			return Options{}, fmt.Errorf("invalid tmpfs option %q: there are %s and flags such as ro", key, strings.Join(tmpfsKeys, ", "))
		case again:
			known[at] = option
		default:
			data[key], known = len(known), append(known, option)
		}
	}
	return Parse(strings.Join(known, ",")), nil
}

package container

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/moby/sys/user"
	"golang.org/x/sys/unix"
)

// A User is one as the container's files know him.
type User struct {
	UID, GID int
	Groups   []int // further ones
	Home     string
}

// IDs are his numbers as process.Program takes them: root needs none.
func (u User) IDs() string {
	if u.UID == 0 && u.GID == 0 && len(u.Groups) == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%d", u.UID, u.GID)
}

// Credential are they for a process that is about to be started.
func (u User) Credential() *syscall.Credential {
	c := &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID), Groups: []uint32{uint32(u.GID)}} //nolint:gosec // package user refuses others
	for _, group := range u.Groups {
		c.Groups = append(c.Groups, uint32(group)) //nolint:gosec // the same
	}
	return c
}

// Find looks a user up, USER[:GROUP] by names or numbers, with the groups that the container's user is to have besides: in
// /etc/passwd and /etc/group of the caller's root, which is the container's. passwd(5), group(5).
func (c Config) Find(name string) (u User, err error) {
	passwd, err := table("/etc/passwd")
	if err != nil {
		return u, err
	}
	group, err := table("/etc/group")
	if err != nil {
		return u, err
	}
	found, err := user.GetExecUser(name, &user.ExecUser{Home: "/"}, strings.NewReader(passwd), strings.NewReader(group))
	if err != nil {
		return u, lower(err)
	}
	u = User{UID: found.Uid, GID: found.Gid, Groups: found.Sgids, Home: found.Home}
	more, err := user.GetAdditionalGroups(c.Groups, strings.NewReader(group))
	u.Groups = append(u.Groups, more...)
	return u, lower(err)
}

// lower has an error begin with a small letter, as Docker has it.
func lower(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	return errors.New(strings.ToLower(text[:1]) + text[1:])
}

// table reads a file of the container's, which need not be there. It may be anything: a pipe would be waited for.
func table(path string) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.Join(fmt.Errorf("%s is not a regular file", path), err)
	}
	const most = 10 << 20 // no list of users is longer
	text, err := io.ReadAll(io.LimitReader(file, most))
	return string(text), err
}

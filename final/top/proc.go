package top

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"drydock/final/format"
)

// ticks are how many of the units of /proc/PID/stat a second has: USER_HZ, the same on all
// architectures that Go knows.
const ticks = 100

// fromProc is what ps -ef says of processes.
func fromProc(pids []int) (Table, error) {
	t := Table{Titles: []string{"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}}
	now, booted, err := clock()
	if err != nil {
		return t, err
	}
	for _, pid := range pids {
		if row, err := process(pid, now, booted); err == nil { // it is gone otherwise
			t.Processes = append(t.Processes, row)
		}
	}
	return t, nil
}

// clock says for how many ticks the host has been up, and since when.
func clock() (now int64, booted time.Time, err error) {
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return 0, booted, os.NewSyscallError("clock_gettime", err)
	}
	return up.Nano() / (1e9 / ticks), time.Now().Add(-time.Duration(up.Nano())), nil
}

// process is the row of a process.
func process(pid int, now int64, booted time.Time) ([]string, error) {
	dir := fmt.Sprintf("/proc/%d", pid)
	text, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return nil, err
	}
	stat := string(text)
	name, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')') // whatever is in between
	rest := strings.Fields(stat[end+1:])
	number := func(field int) int64 { // as proc_pid_stat(5) counts them
		n, _ := strconv.ParseInt(rest[field-3], 10, 64) // the kernel writes numbers there
		return n
	}
	var owner unix.Stat_t
	if err := unix.Stat(dir, &owner); err != nil {
		return nil, err
	}
	command := stat[name : end+1]
	if words, err := os.ReadFile(dir + "/cmdline"); err == nil && len(words) > 0 {
		command = strings.ReplaceAll(strings.TrimRight(string(words), "\x00"), "\x00", " ")
	} else {
		command = "[" + command[1:len(command)-1] + "]"
	}
	used, age := number(14)+number(15), max(now-number(22), 1)
	return []string{
		userName(owner.Uid), strconv.Itoa(pid), strconv.FormatInt(number(4), 10), strconv.FormatInt(min(used*100/age, 99), 10),
		started(booted.Add(time.Duration(number(22))*time.Second/ticks), time.Now()), terminal(number(7)), duration(used / ticks), format.Escaped(command),
	}, nil
}

// userName is a user's name on the host, or else the number.
func userName(uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	if account, err := user.LookupId(number); err == nil && len(account.Username) <= 8 {
		return account.Username
	}
	return number
}

// started is the hour of today, the day of this year, or the year.
func started(at, now time.Time) string {
	switch {
	case at.Year() != now.Year():
		return at.Format("2006")
	case at.YearDay() != now.YearDay():
		return at.Format("Jan02")
	}
	return at.Format("15:04")
}

// terminal is the name of a device: Documentation/admin-guide/devices.txt.
func terminal(device int64) string {
	major, minor := unix.Major(uint64(device)), unix.Minor(uint64(device))
	switch {
	case major >= 136 && major <= 143:
		return fmt.Sprintf("pts/%d", (major-136)*256+minor)
	case major == 4 && minor < 64:
		return fmt.Sprintf("tty%d", minor)
	case major == 4:
		return fmt.Sprintf("ttyS%d", minor-64)
	}
	return "?"
}

func duration(seconds int64) string {
	text := fmt.Sprintf("%02d:%02d:%02d", seconds/3600%24, seconds/60%60, seconds%60)
	if days := seconds / 86400; days > 0 {
		return fmt.Sprintf("%d-%s", days, text)
	}
	return text
}

package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/docker/go-units"

	"drydock/internal/cli"
	"drydock/internal/defaults"
	"drydock/internal/flags"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage2-cgroups/usage"
)

// The commands that need nothing of a container but its cgroup.
const (
	psHelp      = "Usage: stage2 ps\n\nList the running containers, as the cgroup tree has them.\n"
	statsHelp   = "Usage: stage2 stats NAME\n\nShow what a container uses, and which files say so.\n"
	pauseHelp   = "Usage: stage2 pause NAME…\n\nStop all processes of containers where they are.\n"
	unpauseHelp = "Usage: stage2 unpause NAME…\n\nLet the processes of paused containers go on.\n"
	killHelp    = "Usage: stage2 kill NAME…\n\nKill all processes of containers at once.\n"
)

func listContainers(c cli.Call) (int, error) {
	if _, err := flags.Arguments(nil, c.Args, 0, 0, psHelp, c.Stdout); err != nil {
		return 125, err
	}
	groups, err := cgroup.List(defaults.CgroupParent())
	if err != nil {
		return 125, err
	}
	table := tabwriter.NewWriter(c.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "NAME\tPID\tPROCESSES\tSTATUS")
	for _, group := range groups {
		defer group.Close()
		pids, err := usage.Processes(group.Path)
		if err != nil || len(pids) == 0 {
			continue // it has ended since it was listed
		}
		status := "running"
		if frozen, err := group.Frozen(); err == nil && frozen {
			status = "paused"
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", group.Name(), pids[0], len(pids), status)
	}
	return 0, table.Flush()
}

// eachGroup does something with the group of each container that a command's arguments name.
func eachGroup(c cli.Call, help string, do func(*cgroup.Group) error) (int, error) {
	names, err := flags.Arguments(nil, c.Args, 1, math.MaxInt, help, c.Stdout)
	if err != nil {
		return 125, err
	}
	return c.Each(names, func(name string) error { return onGroup(name, do) })
}

func onGroup(name string, do func(*cgroup.Group) error) error {
	group, err := cgroup.Find(defaults.CgroupParent(), name)
	if err != nil {
		return err
	}
	defer group.Close()
	return do(group)
}

func pause(c cli.Call) (int, error) {
	return eachGroup(c, pauseHelp, func(group *cgroup.Group) error {
		frozen, err := group.Frozen()
		if err == nil && frozen {
			err = fmt.Errorf("container %s is already paused", group.Name())
		}
		if err != nil {
			return err
		}
		return group.Freeze()
	})
}

func unpause(c cli.Call) (int, error) {
	return eachGroup(c, unpauseHelp, func(group *cgroup.Group) error {
		frozen, err := group.Frozen()
		if err == nil && !frozen {
			err = fmt.Errorf("container %s is not paused", group.Name())
		}
		if err != nil {
			return err
		}
		return group.Thaw()
	})
}

func kill(c cli.Call) (int, error) {
	return eachGroup(c, killHelp, (*cgroup.Group).Kill)
}

func showStats(c cli.Call) (int, error) {
	names, err := flags.Arguments(nil, c.Args, 1, 1, statsHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	if err := onGroup(names[0], func(group *cgroup.Group) error { return writeStats(c.Stdout, group) }); err != nil {
		return 1, err
	}
	return 0, nil
}

// writeStats writes one line a meter, with the file that it comes from.
func writeStats(w io.Writer, group *cgroup.Group) error {
	s, err := usage.Read(group.Path)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row := func(what, files, format string, values ...any) {
		fmt.Fprintf(table, "%s\t%s\t%s\n", what, fmt.Sprintf(format, values...), files)
	}
	if s.Memory != usage.Absent {
		row("memory", "memory.current, memory.max", "%s of %s", bytes(s.Memory), bytes(s.MemoryMax))
	}
	if s.MemoryPeak != usage.Absent {
		row("memory at most", "memory.peak", "%s", bytes(s.MemoryPeak))
	}
	if s.Pids != usage.Absent {
		row("processes", "pids.current, pids.max", "%d of %s", s.Pids, number(s.PidsMax))
	}
	row("cpu time", "cpu.stat: usage_usec", "%s", s.CPU)
	if s.Throttled != usage.Absent {
		row("cpu withheld", "cpu.stat: nr_throttled, throttled_usec", "%d times, %s", s.Throttled, s.ThrottledFor)
	}
	for _, resource := range []string{"cpu", "memory", "io"} {
		if percent, measured := s.Pressure[resource]; measured {
			row("waited for "+resource, resource+".pressure: some avg10", "%.2f%%", percent)
		}
	}
	return table.Flush()
}

func bytes(n int64) string {
	if n == usage.Unlimited {
		return "no limit"
	}
	return units.BytesSize(float64(n))
}

func number(n int64) string {
	if n == usage.Unlimited {
		return "no limit"
	}
	return fmt.Sprint(n)
}

package stats

import (
	"fmt"

	"github.com/docker/go-units"

	"drydock/final/format"
)

// A Row is a line of docker stats. The order of the fields is that of Docker's JSON.
type Row struct {
	BlockIO, CPUPerc, Container, ID, MemPerc, MemUsage, Name, NetIO, PIDs string
}

// RowHeader is what stands above rows.
var RowHeader = format.Header{
	"BlockIO": "BLOCK I/O", "CPUPerc": "CPU %", "Container": "CONTAINER", "ID": "CONTAINER ID", "MemPerc": "MEM %",
	"MemUsage": "MEM USAGE / LIMIT", "Name": "NAME", "NetIO": "NET I/O", "PIDs": "PIDS",
}

// Columns are what docker stats shows if nothing else is wanted.
const Columns = "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"

// none is what there is to say of an absent meter.
const none = "--"

// rows are what containers have used between two looks, with whole ids or short ones. One that was
// not there at the first has used no time yet.
func rows(containers []Container, before, now look, whole bool) (all []Row) {
	for _, c := range containers {
		m := now.all[c.ID]
		cpu := int64(0)
		if earlier, there := before.all[c.ID]; there {
			cpu = m.cpu - earlier.cpu
		}
		row := Row{
			Container: c.Asked, ID: c.ID, Name: c.Name,
			CPUPerc:  percent(float64(cpu)*float64(now.host.processors), float64(now.host.time-before.host.time)),
			MemUsage: pair(units.BytesSize, m.memory, m.limit), MemPerc: none,
			NetIO: pair(size, m.in, m.out), BlockIO: pair(size, m.read, m.written), PIDs: none,
		}
		if m.memory >= 0 {
			row.MemPerc = percent(float64(m.memory), float64(m.limit))
		}
		if m.pids >= 0 {
			row.PIDs = fmt.Sprint(m.pids)
		}
		if !whole && len(c.ID) > 12 {
			row.ID = c.ID[:12]
		}
		all = append(all, row)
	}
	return all
}

func size(bytes float64) string { return units.HumanSizeWithPrecision(bytes, 3) }

func pair(text func(float64) string, one, two int64) string {
	if one < 0 || two < 0 {
		return none + " / " + none
	}
	return text(float64(one)) + " / " + text(float64(two))
}

func percent(part, whole float64) string {
	if part <= 0 || whole <= 0 {
		return "0.00%"
	}
	return fmt.Sprintf("%.2f%%", part/whole*100)
}

package show

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"

	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/images"
	"drydock/final/images/catalog"
	"drydock/final/mounts/point"
	"drydock/final/networks"
)

// A Row is a line of docker ps. The order of the fields is that of Docker's JSON.
type Row struct {
	Command, CreatedAt, ID, Image, Labels, LocalVolumes, Mounts, Names, Networks string
	Platform                                                                     *string // which Docker tells of its experiments only
	Ports, RunningFor, Size, State, Status                                       string

	ByKey map[string]string `json:"-"` // the labels, for Label
}

// Label is what {{.Label "key"}} shows.
func (r Row) Label(key string) string { return r.ByKey[key] }

// RowHeader is what stands above a list of containers.
var RowHeader = format.Header{
	"Command": "COMMAND", "CreatedAt": "CREATED AT", "ID": "CONTAINER ID", "Image": "IMAGE", "Labels": "LABELS",
	"LocalVolumes": "LOCAL VOLUMES", "Mounts": "MOUNTS", "Names": "NAMES", "Networks": "NETWORKS", "Platform": "PLATFORM",
	"Ports": "PORTS", "RunningFor": "CREATED", "Size": "SIZE", "State": "STATE", "Status": "STATUS",
}

// columns are what docker ps shows if nothing else is wanted.
const columns = "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"

// raw is what "raw" means, a line for each field.
const raw = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
`

// Format is how rows are written: as text says, which a user has given. Whoever wants ids gets nothing else.
func Format(text string, quiet, sizes bool) (format.List, error) {
	usual, size := columns, ""
	if sizes {
		usual, size = columns+"\t{{.Size}}", "size: {{.Size}}\n"
	}
	switch {
	case text == "raw" && quiet:
		text = "container_id: {{.ID}}"
	case text == "raw":
		text = raw + size
	case quiet:
		text = ""
	}
	return format.Parse(text, usual, quiet)
}

// A Listing says which containers to list, and how.
type Listing struct {
	All      bool // also those that do not run
	Last     int  // only so many of the newest, whether they run or not; 0 or less: no limit
	Filters  filter.Set
	Whole    bool // nothing is cut
	Now      time.Time
	Images   catalog.Catalog // what the names of images mean today
	Networks []networks.Network
}

// Rows returns the rows of containers.
func (l Listing) Rows(all []Container) (rows []Row) {
	for _, c := range all {
		rows = append(rows, l.row(c, all))
	}
	return rows
}

func (l Listing) row(c Container, all []Container) Row {
	r := Row{
		ID: c.ID, Image: l.image(c), Command: command(c.Args), Names: c.Name, State: c.Status, Status: Status(c, l.Now),
		CreatedAt: time.Unix(c.Created.Unix(), 0).String(), RunningFor: units.HumanDuration(l.Now.Sub(c.Created)) + " ago",
		Ports: Ports(c), Size: c.Size.String(), Networks: strings.Join(l.networks(c), ","), ByKey: c.Config.Labels,
		LocalVolumes: strconv.Itoa(localVolumes(c)), Mounts: strings.Join(l.mounts(c), ","),
	}
	for _, key := range slices.Sorted(maps.Keys(c.Config.Labels)) {
		r.Labels += "," + key + "=" + c.Config.Labels[key]
	}
	r.Labels = strings.TrimPrefix(r.Labels, ",")
	if l.Whole {
		r.Names = strings.Join(names(c, all), ",")
	} else {
		r.ID, r.Command = c.ShortID(), format.Ellipsis(r.Command, longest)
	}
	r.Command = strconv.Quote(r.Command)
	return r
}

const longest = 20 // characters of a command

// String is a size as docker ps has it.
func (s Size) String() string {
	human := func(bytes int64) string { return units.HumanSizeWithPrecision(float64(bytes), 3) }
	if s.All > 0 {
		return fmt.Sprintf("%s (virtual %s)", human(s.Own), human(s.All))
	}
	return human(s.Own)
}

// image is what the container's image is called: as the user did, unless that name is another image's by now, or nobody's.
func (l Listing) image(c Container) string {
	name, id := c.Config.Image, c.Config.ImageID
	if id == "" || l.Images == nil { // it is on a directory
		return cmp.Or(name, "<no image>")
	}
	if img, err := l.Images.Find(name, nil); err != nil || img.ID().String() != id {
		name = id
	}
	switch {
	case l.Whole:
		return name
	case images.IsID(name) && images.ShortID(name) == images.ShortID(id):
		return images.ShortID(id)
	}
	if parsed, err := images.Parse(name); err == nil && parsed.Digest != "" {
		parsed.Digest = ""
		return parsed.Familiar()
	}
	return name
}

// names are the container's own, and those by which others know it by way of --link.
func names(c Container, all []Container) []string {
	list := []string{c.Name}
	for _, other := range all {
		for _, link := range other.Config.Links {
			if link.Source == c.ID {
				list = append(list, other.Name+"/"+link.Alias)
			}
		}
	}
	return list
}

// networks are the names of those that the container is on, or will be when it runs.
func (l Listing) networks(c Container) (list []string) {
	for _, wish := range c.Config.Networks {
		name := wish.Network
		if i := slices.IndexFunc(l.Networks, func(n networks.Network) bool { return n.Name == name || n.ID == name }); i >= 0 {
			name = l.Networks[i].Name
		}
		list = append(list, name)
	}
	for _, n := range l.Networks { // it came while the container ran
		if _, isThere := n.Endpoints[c.ID]; isThere && !slices.Contains(list, n.Name) {
			list = append(list, n.Name)
		}
	}
	slices.Sort(list)
	return list
}

func (l Listing) mounts(c Container) (list []string) {
	for _, e := range point.Entries(c.Points) {
		name := cmp.Or(e.Name, e.Source)
		if !l.Whole {
			name = format.Ellipsis(name, 15)
		}
		list = append(list, name)
	}
	return list
}

func localVolumes(c Container) (count int) {
	for _, e := range point.Entries(c.Points) {
		if e.Driver == "local" {
			count++
		}
	}
	return count
}

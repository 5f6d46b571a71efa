package show

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"

	"drydock/final/format"
	"drydock/final/images/catalog"
	"drydock/final/images/size"
)

// A Step is a line of docker history. The order of the fields is that of Docker's JSON.
type Step struct {
	Comment, CreatedAt, CreatedBy, CreatedSince, ID, Size string
}

// StepHeader is what stands above a history.
var StepHeader = format.Header{
	"Comment": "COMMENT", "CreatedAt": "CREATED AT", "CreatedBy": "CREATED BY", "CreatedSince": "CREATED", "ID": "IMAGE", "Size": "SIZE",
}

// Steps are the columns of a history: for people, and without rounding.
const (
	Steps      = "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
	ExactSteps = "table {{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
)

// A Telling says how a history is told.
type Telling struct {
	Exact bool // bytes and times, in place of 3MB and 2 weeks ago
	Whole bool // whole ids and commands
	Now   time.Time
}

const longest = 45 // characters of a command

// epoch is the time before which nobody has made images: what says so has no time on purpose, so
// that it is always the same.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// History returns the steps that have made an image, the last first. That one has the image's
// id, and the others have none: what was between them has never been an image here.
func History(img catalog.Image, sizes size.Sizes, t Telling) (steps []Step, err error) {
	layers := img.Config.RootFS.DiffIDs
	for _, entry := range img.Config.History {
		var bytes int64
		if !entry.EmptyLayer {
			if len(layers) == 0 {
				return nil, errors.New("too many non-empty layers in History section")
			}
			bytes, layers = sizes[layers[0]], layers[1:]
		}
		step := Step{
			ID: "<missing>", Comment: entry.Comment, CreatedBy: strings.ReplaceAll(entry.CreatedBy, "\t", " "),
			CreatedAt: unixTime(entry.Created).Format(time.RFC3339), Size: units.HumanSizeWithPrecision(float64(bytes), 3),
		}
		step.CreatedSince = since(entry.Created, t.Now)
		if entry.Created == nil || !entry.Created.After(epoch) {
			step.CreatedSince = unknown
		}
		if t.Exact {
			step.CreatedSince, step.Size = step.CreatedAt, strconv.FormatInt(bytes, 10)
		}
		if !t.Whole {
			step.CreatedBy = format.Ellipsis(step.CreatedBy, longest)
		}
		steps = append(steps, step)
	}
	slices.Reverse(steps)
	if len(steps) > 0 {
		steps[0].ID = id(img.ID().String(), t.Whole)
	}
	return steps, nil
}

package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The picture, in its own units.
const (
	left, width, line = 320, 560, 16
	most              = 100 // times: the right edge
)

var colours = map[string]string{"docker": "#2496ed", "podman": "#892ca0", "runc": "#e8912d", "crun": "#b8860b", "floor": "#888888", "skopeo+umoci": "#c0504d", "hello": "#888888"}

// plot draws the ratio of each tool to drydock, on a logarithmic scale: bars to the right are slower or larger than it.
func (b *bench) plot() string {
	var body strings.Builder
	y := 40
	for _, r := range b.results {
		if _, known := r.of("drydock"); !known {
			continue
		}
		ours, _ := r.of("drydock")
		for i, tool := range r.tools {
			theirs, known := r.of(tool)
			if tool == "drydock" || !known || ours == 0 || theirs == 0 {
				continue
			}
			times := theirs / ours
			if r.more {
				times = ours / theirs
			}
			if i <= 1 {
				fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left-8, y+12, html.EscapeString(r.what))
			}
			from, to := place(1), place(times)
			fmt.Fprintf(&body, "<rect x=\"%.0f\" y=\"%d\" width=\"%.0f\" height=\"%d\" fill=\"%s\"/>\n", min(from, to), y+2, max(1, math.Abs(to-from)), line-3, colours[tool])
			fmt.Fprintf(&body, "<text x=\"%.0f\" y=\"%d\">%s %s</text>\n", max(from, to)+4, y+12, tool, figure(times))
			y += line
		}
		y += 4
	}
	for _, times := range []float64{0.1, 1, 10, most} {
		fmt.Fprintf(&body, "<line x1=\"%.0f\" x2=\"%.0f\" y1=\"30\" y2=\"%d\" stroke=\"#bbbbbb\"/>\n<text x=\"%.0f\" y=\"24\" text-anchor=\"middle\">%v</text>\n", place(times), place(times), y, place(times), times)
	}
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n"+
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n<text x=\"8\" y=\"24\">times as much as drydock</text>\n%s</svg>\n", left+width+120, y+12, body.String())
}

// place is where a ratio is, across.
func place(times float64) float64 {
	return left + width*(math.Log10(times)+1)/(math.Log10(most)+1)
}

package grows

import (
	"bytes"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/sides"
)

// drawn are the sides, each with its color and mark.
var drawn = []struct {
	name  string
	color color.Color
	shape draw.GlyphDrawer
}{
	{sides.Service, color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}, draw.CircleGlyph{}},
	{sides.Floor, color.RGBA{R: 0x77, G: 0x77, B: 0x77, A: 0xff}, draw.PyramidGlyph{}},
}

// titles are those of the panels.
var titles = map[string]string{
	requests: "Requests a second",
	cpu:      "CPU of the server, µs a request",
	memory:   "Resident memory, MB",
	p50:      "Median of the time to an answer, ms",
	start:    "From exec to the first prediction, ms",
}

// picture draws the figures of an axis as PNG, two panels beside each other: a mark for
// the median, a line from the lowest to the highest value, the curve, and its bend.
func picture(a *axis, r *report.Results) ([]byte, error) {
	var grid [][]*plot.Plot
	for i, of := range a.panels {
		p, err := drawPanel(a, r, of)
		if err != nil {
			return nil, err
		}
		if i%2 == 0 {
			grid = append(grid, nil)
		}
		grid[len(grid)-1] = append(grid[len(grid)-1], p)
	}
	width, height := 30*vg.Centimeter, vg.Length(len(grid))*11*vg.Centimeter
	img := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(85))
	canvas := draw.New(img)
	tiles := draw.Tiles{Rows: len(grid), Cols: 2, PadX: vg.Centimeter, PadY: vg.Centimeter,
		PadTop: vg.Centimeter / 2, PadBottom: vg.Centimeter / 2, PadLeft: vg.Centimeter / 2, PadRight: vg.Centimeter}
	for i, row := range plot.Align(grid, tiles, canvas) {
		for j, c := range row {
			grid[i][j].Draw(c)
		}
	}
	var out bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: img}.WriteTo(&out)
	return out.Bytes(), err
}

func drawPanel(a *axis, r *report.Results, of panel) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = titles[of.metric], a.x
	p.Title.TextStyle.Font.Size, p.X.Label.TextStyle.Font.Size, p.Legend.TextStyle.Font.Size = 15, 14, 13
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = 13, 13
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = decades{}, decades{}
	p.Add(plotter.NewGrid())
	low, high := math.Inf(1), 0.0
	bend := 0.0
	for _, side := range drawn {
		xs, series := values(a, r, side.name, of.metric)
		if len(xs) < fewest {
			continue
		}
		f := newFit(of.form, xs, medians(series))
		var points spread
		for i, s := range series {
			points.XYs = append(points.XYs, plotter.XY{X: xs[i], Y: s.Median})
			points.YErrors = append(points.YErrors, struct{ Low, High float64 }{s.Median - s.Low, s.High - s.Median})
			low, high = min(low, s.Low), max(high, s.High)
		}
		var curve plotter.XYs
		const steps = 200
		for i := range steps + 1 {
			x := xs[0] * math.Pow(xs[len(xs)-1]/xs[0], float64(i)/steps)
			if y := f.at(x); y > 0 {
				curve = append(curve, plotter.XY{X: x, Y: y})
			}
		}
		line, err := plotter.NewLine(curve)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = side.color, vg.Points(1.5)
		marks, err := plotter.NewScatter(points.XYs)
		if err != nil {
			return nil, err
		}
		marks.GlyphStyle = draw.GlyphStyle{Color: side.color, Shape: side.shape, Radius: vg.Points(4)}
		bars, err := plotter.NewYErrorBars(points)
		if err != nil {
			return nil, err
		}
		bars.Color, bars.Width = side.color, vg.Points(1.2)
		p.Add(line, bars, marks)
		p.Legend.Add(side.name, marks)
		if side.name == sides.Service && f.bend >= xs[0] && f.bend <= xs[len(xs)-1] {
			bend = f.bend
		}
	}
	if high == 0 {
		low, high = 1, 1 // an axis of nothing
	}
	p.X.Min, p.X.Max = float64(a.points[0])/1.2, float64(a.points[len(a.points)-1])*1.2
	p.Y.Min, p.Y.Max = low/3, high*3 // room for the bend's label below, for the legend above
	p.Legend.Top, p.Legend.Padding = true, vg.Points(3)
	p.Legend.XOffs, p.Legend.YOffs = -vg.Points(8), -vg.Points(4)
	if of.form == line || of.metric == cpu { // these rise to the right
		p.Legend.Left, p.Legend.XOffs = true, vg.Points(8)
	}
	if bend == 0 {
		return p, nil
	}
	at, err := plotter.NewLine(plotter.XYs{{X: bend, Y: p.Y.Min}, {X: bend, Y: p.Y.Max}})
	if err != nil {
		return nil, err
	}
	red := color.RGBA{R: 0xb2, G: 0x22, B: 0x22, A: 0xff}
	at.Color, at.Width, at.Dashes = red, vg.Points(1.2), []vg.Length{vg.Points(4), vg.Points(3)}
	label, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: bend, Y: p.Y.Min}}, Labels: []string{fmt.Sprintf(" bend: %s", si(bend))}})
	if err != nil {
		return nil, err
	}
	label.TextStyle[0].Color, label.TextStyle[0].Font.Size = red, 14
	label.Offset = vg.Point{X: vg.Points(2), Y: vg.Points(6)}
	if bend > math.Sqrt(p.X.Min*p.X.Max) { // there is more room before it
		label.TextStyle[0].XAlign = draw.XRight
		label.Offset.X = -label.Offset.X
	}
	p.Add(at, label)
	return p, nil
}

// A spread is points with a line from the lowest to the highest value of each.
type spread struct {
	plotter.XYs
	plotter.YErrors
}

// decades are marks with numbers at 1, 10, 100 and so on; at 2 and 5 between them too,
// where there are few.
type decades struct{}

func (decades) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); ; e++ {
		for _, step := range []float64{1, 2, 5} {
			value := step * math.Pow(10, e)
			if value > high*1.000001 { // within what rounding does
				return ticks
			}
			if value < low*0.999999 {
				continue
			}
			tick := plot.Tick{Value: value}
			if step == 1 || high/low < 200 {
				tick.Label = si(value)
			}
			ticks = append(ticks, tick)
		}
	}
}

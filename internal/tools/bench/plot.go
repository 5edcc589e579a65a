package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
)

// panels are the figures that are drawn, each on a logarithmic axis.
var panels = [][]struct{ metric, title string }{
	{{rate, "Requests a second (more is better)"}, {cpuPer, "CPU seconds of the server per 1,000 requests (less is better)"}},
	{{p99, "99th percentile of the time to an answer, ms (less is better)"}, {memory, "Resident memory under load, MB (less is better)"}},
}

// drawn are the sides, each with its color and mark.
var drawn = []drawnSide{
	{sides.Service, sides.Service, color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}, draw.CircleGlyph{}},
	{sides.Gunicorn, "FastAPI, gunicorn", color.RGBA{R: 0xd6, G: 0x5f, B: 0x0e, A: 0xff}, draw.BoxGlyph{}},
	{sides.MLServer, sides.MLServer, color.RGBA{R: 0x94, G: 0x67, B: 0xbd, A: 0xff}, draw.TriangleGlyph{}},
	{sides.MLflow, sides.MLflow, color.RGBA{R: 0x2c, G: 0xa0, B: 0x2c, A: 0xff}, draw.PlusGlyph{}},
	{sides.BentoML, sides.BentoML, color.RGBA{R: 0xe3, G: 0x77, B: 0xc2, A: 0xff}, draw.RingGlyph{}},
	{sides.LitServe, sides.LitServe, color.RGBA{R: 0x8c, G: 0x56, B: 0x4b, A: 0xff}, draw.CrossGlyph{}},
	{sides.Floor, "floor: HTTP alone", color.RGBA{R: 0x77, G: 0x77, B: 0x77, A: 0xff}, draw.PyramidGlyph{}},
}

type drawnSide struct {
	side, label string
	color       color.Color
	shape       draw.GlyphDrawer
}

// style is how the side's marks look.
func (d drawnSide) style() draw.GlyphStyle {
	return draw.GlyphStyle{Color: d.color, Shape: d.shape, Radius: vg.Points(4)}
}

// A mark stands for a side in the legend.
type mark draw.GlyphStyle

// Thumbnail draws the mark.
func (m mark) Thumbnail(c *draw.Canvas) { c.DrawGlyph(draw.GlyphStyle(m), c.Center()) }

// picture draws the load as PNG: a panel for each figure, a row for each cell, a mark for
// the median of each side and a line from its lowest to its highest value. There is no
// picture of no load.
func picture(r *report.Results) ([]byte, error) {
	var cells []string
	for _, s := range r.Series {
		if s.Part == HTTP && !slices.Contains(cells, s.Case) {
			cells = append(cells, s.Case)
		}
	}
	if len(cells) == 0 {
		return nil, nil
	}
	const width, height = 42 * vg.Centimeter, 32 * vg.Centimeter
	img := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(110))
	canvas := draw.New(img)
	title := text.Style{Font: plot.DefaultFont, Handler: plot.DefaultTextHandler, Color: color.Black, XAlign: text.XCenter, YAlign: text.YTop}
	title.Font.Size = 16
	canvas.FillText(title, vg.Point{X: width / 2, Y: height - 0.5*vg.Centimeter},
		fmt.Sprintf("POST /predict: median, lowest and highest of all rounds. %s, %d cores", r.Environment.CPU, r.Environment.Cores))

	legend := plot.NewLegend()
	legend.Padding, legend.TextStyle.Font.Size = vg.Points(3), 13
	legend.Top, legend.Left, legend.YPosition = true, true, draw.PosCenter
	plots := make([][]*plot.Plot, len(panels))
	for i, row := range panels {
		for _, of := range row {
			p, err := panel(r, of.metric, of.title, cells)
			if err != nil {
				return nil, err
			}
			plots[i] = append(plots[i], p)
		}
	}
	for _, d := range drawn {
		legend.Add(d.label, mark(d.style()))
	}
	legend.Draw(draw.Crop(canvas, 0.5*vg.Centimeter, 0, 0, -0.5*vg.Centimeter))
	tiles := draw.Tiles{Rows: len(panels), Cols: len(panels[0]), PadX: vg.Centimeter, PadY: vg.Centimeter,
		PadTop: 4.5 * vg.Centimeter, PadLeft: 0.5 * vg.Centimeter, PadRight: vg.Centimeter, PadBottom: 0.5 * vg.Centimeter}
	for i, row := range plot.Align(plots, tiles, canvas) {
		for j, c := range row {
			plots[i][j].Draw(c)
		}
	}
	var out bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: img}.WriteTo(&out)
	return out.Bytes(), err
}

// panel draws one figure of all cells, from top to bottom.
func panel(r *report.Results, metric, title string, cells []string) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle.Font.Size = 13
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = decades{}
	grid := plotter.NewGrid()
	p.Add(grid)

	ticks := make([]plot.Tick, len(cells))
	for i, cell := range cells {
		ticks[i] = plot.Tick{Value: float64(-i), Label: cell}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Min, p.Y.Max = float64(-len(cells)), 1
	low, high := math.Inf(1), 0.0
	for _, d := range drawn {
		var points spread
		for i, cell := range cells {
			s := r.Find(HTTP, cell, d.side, metric)
			if s == nil || s.Low <= 0 { // which a logarithm cannot show
				continue
			}
			points.XYs = append(points.XYs, plotter.XY{X: s.Median, Y: float64(-i)})
			points.XErrors = append(points.XErrors, struct{ Low, High float64 }{s.Median - s.Low, s.High - s.Median})
			low, high = min(low, s.Low), max(high, s.High)
		}
		if len(points.XYs) == 0 {
			continue
		}
		marks, err := plotter.NewScatter(points)
		if err != nil {
			return nil, err
		}
		marks.GlyphStyle = d.style()
		bars, err := plotter.NewXErrorBars(points)
		if err != nil {
			return nil, err
		}
		bars.Color, bars.Width, bars.CapWidth = d.color, vg.Points(1.2), vg.Points(5)
		p.Add(bars, marks)
	}
	if high == 0 {
		low, high = 1, 1 // an axis of nothing
	}
	// Whole decades, so that there are numbers at the ends.
	first := math.Floor(math.Log10(low))
	p.X.Min, p.X.Max = math.Pow(10, first), math.Pow(10, max(first+1, math.Ceil(math.Log10(high))))
	return p, nil
}

// A spread is points with a line from the lowest to the highest value of each.
type spread struct {
	plotter.XYs
	plotter.XErrors
}

// decades are marks at 1, 10, 100 and so on, with lines at 2 and 5 between them, which
// get their numbers where there is room.
type decades struct{}

func (decades) Ticks(low, high float64) []plot.Tick {
	crowded := high/low > 1e3
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); ; e++ {
		ten := math.Pow(10, e)
		for _, step := range []float64{1, 2, 5} {
			value := step * ten
			if value > high*1.000001 { // within what rounding does
				return ticks
			}
			tick := plot.Tick{Value: value}
			if step == 1 || !crowded {
				tick.Label = stats.Number(value)
			}
			ticks = append(ticks, tick)
		}
	}
}

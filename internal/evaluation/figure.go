package evaluation

import (
	"fmt"
	"image/color"
	"math"
	"strconv"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A figure is a title, two axes, and what is drawn between them. The package plot of gonum has
// all this and more, but reads twelve fonts as soon as a program starts that has it inside:
// 3 MB of memory for a service that draws nothing, and 7 MB of its file.
type figure struct {
	title string
	x, y  axis
	draw  func(p *panel)
}

// An axis goes from one value to another. Lines of a grid are drawn at its ticks if it is
// one of numbers.
type axis struct {
	label    string
	from, to float64
	names    []string // at 0, 1, …; nil for numbers
	slanted  bool     // the names
}

// A tick is a mark on an axis.
type tick struct {
	at    float64
	label string
}

// A panel is where a figure draws, between its axes.
type panel struct {
	draw.Canvas
	x, y axis
}

// Widths and distances.
const (
	labelSize = vg.Length(12)
	tickSize  = vg.Length(10)
	gap       = vg.Length(5)
	hair      = vg.Length(0.5)
)

// fonts holds the one font that figures have.
var fonts = sync.OnceValue(func() *font.Cache {
	face, err := opentype.Parse(liberationsansregular.TTF)
	if err != nil {
		panic(fmt.Errorf("evaluation: font of figures: %w", err))
	}
	return font.NewCache(font.Collection{{Font: sans, Face: face}})
})

var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

// style returns the style of texts of a size that are aligned as it says.
func style(size vg.Length, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{
		Color:   color.Black,
		Font:    font.From(sans, size),
		Handler: text.Plain{Fonts: fonts()},
		XAlign:  x,
		YAlign:  y,
	}
}

// drawOn draws the figure.
func (f *figure) drawOn(c draw.Canvas) {
	title, label := style(labelSize, draw.XCenter, draw.YTop), style(labelSize, draw.XCenter, draw.YBottom)
	height := label.Height("M") + gap
	inner := c.Rectangle
	inner.Max.Y -= height + gap
	inner.Min.Y += f.x.depth()
	inner.Min.X += f.y.breadth()
	if f.x.label != "" {
		inner.Min.Y += height
	}
	if f.y.label != "" {
		inner.Min.X += height
	}
	middle := inner.Min.Add(inner.Max).Scale(0.5)
	c.FillText(title, vg.Point{X: middle.X, Y: c.Max.Y}, f.title)
	c.FillText(label, vg.Point{X: middle.X, Y: c.Min.Y}, f.x.label)
	label.Rotation, label.YAlign = math.Pi/2, draw.YTop
	c.FillText(label, vg.Point{X: c.Min.X, Y: middle.Y}, f.y.label)

	p := &panel{draw.Canvas{Canvas: c.Canvas, Rectangle: inner}, f.x, f.y}
	p.drawAxes(c)
	f.draw(p)
}

// drawAxes draws the axes and the grid, with the labels of the ticks outside of the panel.
func (p *panel) drawAxes(outer draw.Canvas) {
	black, light := draw.LineStyle{Color: color.Black, Width: hair}, draw.LineStyle{Color: color.Gray{Y: 0xc0}, Width: hair}
	below, left := style(tickSize, draw.XCenter, draw.YTop), style(tickSize, draw.XRight, draw.YCenter)
	if p.x.slanted {
		below.Rotation, below.XAlign, below.YAlign = math.Pi/6, draw.XRight, draw.YCenter
	}
	for _, t := range p.x.ticks() {
		x := p.at(t.at, 0).X
		if p.x.names == nil {
			p.StrokeLine2(light, x, p.Min.Y, x, p.Max.Y)
		}
		p.StrokeLine2(black, x, p.Min.Y-gap, x, p.Min.Y)
		outer.FillText(below, vg.Point{X: x, Y: p.Min.Y - 2*gap}, t.label)
	}
	for _, t := range p.y.ticks() {
		y := p.at(0, t.at).Y
		if p.y.names == nil {
			p.StrokeLine2(light, p.Min.X, y, p.Max.X, y)
		}
		p.StrokeLine2(black, p.Min.X-gap, y, p.Min.X, y)
		outer.FillText(left, vg.Point{X: p.Min.X - 2*gap, Y: y}, t.label)
	}
	p.StrokeLines(black, []vg.Point{{X: p.Min.X, Y: p.Max.Y}, p.Min, {X: p.Max.X, Y: p.Min.Y}})
}

// at returns the point of two values.
func (p *panel) at(x, y float64) vg.Point {
	return vg.Point{X: p.X(p.x.share(x)), Y: p.Y(p.y.share(y))}
}

// line draws a line through values.
func (p *panel) line(style draw.LineStyle, values [][2]float64) {
	points := make([]vg.Point, len(values))
	for i, v := range values {
		points[i] = p.at(v[0], v[1])
	}
	p.StrokeLines(style, points)
}

// share returns how far along the axis a value is.
func (a axis) share(value float64) float64 { return (value - a.from) / (a.to - a.from) }

// breadth returns how much room the labels of the ticks take beside a vertical axis.
func (a axis) breadth() vg.Length {
	widest := vg.Length(0)
	for _, t := range a.ticks() {
		widest = max(widest, style(tickSize, 0, 0).Width(t.label))
	}
	return widest + 2*gap
}

// depth returns how much room they take below a horizontal one.
func (a axis) depth() vg.Length {
	if a.slanted {
		return a.breadth()*vg.Length(math.Sin(math.Pi/6)) + 2*gap
	}
	return style(tickSize, 0, 0).Height("0") + 3*gap
}

// ticks returns a tick for each name, or some at round numbers.
func (a axis) ticks() []tick {
	var ticks []tick
	if a.names != nil {
		for i, name := range a.names {
			ticks = append(ticks, tick{float64(i), name})
		}
		return ticks
	}
	const most = 6
	step := math.Pow(10, math.Floor(math.Log10((a.to-a.from)/most)))
	for _, times := range []float64{2, 2.5, 2} { // 1, 2, 5, 10
		if (a.to-a.from)/step > most {
			step *= times
		}
	}
	decimals := max(0, int(-math.Floor(math.Log10(step))))
	for i := math.Ceil(a.from / step); i*step <= a.to+step/1e6; i++ {
		ticks = append(ticks, tick{i * step, strconv.FormatFloat(i*step, 'f', decimals, 64)})
	}
	return ticks
}

package evaluation

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg" // for PNG
	_ "gonum.org/v1/plot/vg/vgsvg" // for SVG
)

// A Picture is a plot and its size.
type Picture struct {
	figure        figure
	width, height vg.Length
}

// Files draws pictures as PNG and as SVG. It returns the files by their names.
func Files(pictures map[string]Picture) (map[string][]byte, error) {
	files := make(map[string][]byte, 2*len(pictures))
	for name, picture := range pictures {
		for _, format := range []string{"png", "svg"} {
			data, err := picture.draw(format)
			if err != nil {
				return nil, fmt.Errorf("draw %s.%s: %w", name, format, err)
			}
			files[name+"."+format] = data
		}
	}
	return files, nil
}

// draw leaves a margin, since the last label of an axis reaches beyond its end.
func (p Picture) draw(format string) ([]byte, error) {
	const margin = 0.5 * vg.Centimeter
	canvas, err := draw.NewFormattedCanvas(p.width, p.height, format)
	if err != nil {
		return nil, err
	}
	whole := draw.New(canvas)
	whole.FillPolygon(color.White, corners(whole.Min, whole.Max))
	p.figure.drawOn(draw.Crop(whole, margin, -margin, margin, -margin))
	var buffer bytes.Buffer
	_, err = canvas.WriteTo(&buffer)
	return buffer.Bytes(), err
}

// corners returns the corners of a rectangle, two opposite ones of which are given.
func corners(a, b vg.Point) []vg.Point { return []vg.Point{a, {X: b.X, Y: a.Y}, b, {X: a.X, Y: b.Y}} }

var (
	blue   = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	orange = color.RGBA{R: 0xd6, G: 0x5f, B: 0x0e, A: 0xff}
	grey   = color.RGBA{R: 0x90, G: 0x90, B: 0x90, A: 0xff}
)

// LossCurves draws the mean log loss after each epoch.
func LossCurves(train, validation []float64) Picture {
	highest := 0.01 // at least, so that the axis has a length
	for _, loss := range slices.Concat(train, validation) {
		highest = max(highest, loss)
	}
	f := figure{title: "Log loss", x: axis{label: "epoch", from: 1, to: float64(max(2, len(train)))}, y: axis{to: highest}}
	f.draw = func(p *panel) {
		names := style(labelSize, draw.XRight, draw.YCenter)
		for i, curve := range []struct {
			name   string
			losses []float64
			color  color.Color
		}{{"train", train, blue}, {"validation", validation, orange}} {
			line := draw.LineStyle{Color: curve.color, Width: vg.Points(1.5)}
			points := make([][2]float64, len(curve.losses))
			for i, loss := range curve.losses {
				points[i] = [2]float64{float64(i + 1), loss}
			}
			p.line(line, points)

			at := vg.Point{X: p.Max.X - vg.Points(40), Y: p.Max.Y - vg.Points(12) - vg.Length(i)*vg.Points(16)}
			p.FillText(names, at, curve.name)
			p.StrokeLine2(line, at.X+vg.Points(6), at.Y, at.X+vg.Points(30), at.Y)
		}
	}
	return Picture{f, 16 * vg.Centimeter, 10 * vg.Centimeter}
}

// ReliabilityDiagram draws accuracy by confidence. The number at a point is that of its
// samples; on the dashed line, the probabilities are right.
func ReliabilityDiagram(of string, c *Calibration) Picture {
	f := figure{
		title: fmt.Sprintf("%s: calibration error %.3f", of, c.Error),
		x:     axis{label: "highest probability", to: 1},
		y:     axis{label: "share of right tags", to: 1},
	}
	f.draw = func(p *panel) {
		p.line(draw.LineStyle{Color: grey, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}, [][2]float64{{0, 0}, {1, 1}})
		points := make([][2]float64, len(c.Bins))
		for i, b := range c.Bins {
			points[i] = [2]float64{b.Confidence, b.Accuracy}
		}
		p.line(draw.LineStyle{Color: grey, Width: vg.Points(1)}, points)
		for _, b := range c.Bins {
			at := p.at(b.Confidence, b.Accuracy)
			radius := 1.5 + 8*math.Sqrt(float64(b.Samples)/float64(c.Samples)) // the area in proportion to the samples
			p.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: vg.Points(radius), Shape: draw.CircleGlyph{}}, at)
			label := style(tickSize, draw.XRight, draw.YBottom) // on the side away from the dashed line
			if b.Accuracy < b.Confidence {
				label.XAlign, label.YAlign = draw.XLeft, draw.YTop
			}
			p.FillText(label, at, fmt.Sprintf("   %d   ", b.Samples))
		}
	}
	return Picture{f, 12 * vg.Centimeter, 12 * vg.Centimeter}
}

// ConfusionMatrix draws how many samples of each class were predicted as each, as a heat map:
// true classes from top to bottom, the share of each that was predicted as each.
func ConfusionMatrix(of string, r *Report) Picture {
	n := len(r.Classes)
	across := axis{label: "predicted", names: r.Classes, from: -.5, to: float64(n) - .5}
	down := axis{label: "true", names: r.Classes, from: float64(n) - .5, to: -.5}
	cell := max(3*vg.Centimeter, min(6, 60/vg.Length(n))*vg.Centimeter/2)
	longest := across.breadth()
	across.slanted = longest > cell // or the names would run into one another
	f := figure{title: fmt.Sprintf("%s: %d samples, weighted F1 %.3f", of, r.Overall.Samples, r.Overall.F1), x: across, y: down}
	f.draw = func(p *panel) {
		for row, counts := range r.Confusion {
			samples := 0
			for _, n := range counts {
				samples += n
			}
			for column, count := range counts {
				share, x, y := ratio(count, samples), float64(column), float64(row)
				p.FillPolygon(shade(share), corners(p.at(x-.5, y-.5), p.at(x+.5, y+.5)))
				label := style(labelSize, draw.XCenter, draw.YCenter)
				if share > 0.5 {
					label.Color = color.White
				}
				p.FillText(label, p.at(x, y), fmt.Sprint(count))
			}
		}
	}
	width := longest + vg.Length(n)*cell + 3*vg.Centimeter
	height := longest/2 + vg.Length(n)*cell*2/3 + 4*vg.Centimeter
	return Picture{f, width, height}
}

// shade returns a color from white to a dark blue.
func shade(share float64) color.Color {
	mix := func(dark float64) uint8 { return uint8(255 - (255-dark)*share) }
	return color.RGBA{R: mix(20), G: mix(60), B: mix(120), A: 255}
}

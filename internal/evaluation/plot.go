package evaluation

import (
	"bytes"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Picture is a plot and its size.
type Picture struct {
	plot          *plot.Plot
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
	whole.FillPolygon(color.White, whole.ClipPolygonXY([]vg.Point{{}, {X: p.width}, {X: p.width, Y: p.height}, {Y: p.height}}))
	p.plot.Draw(draw.Crop(whole, margin, -margin, margin, -margin))
	var buffer bytes.Buffer
	_, err = canvas.WriteTo(&buffer)
	return buffer.Bytes(), err
}

var (
	blue   = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	orange = color.RGBA{R: 0xd6, G: 0x5f, B: 0x0e, A: 0xff}
	grey   = color.RGBA{R: 0x90, G: 0x90, B: 0x90, A: 0xff}
)

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = vg.Points(8)
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.X.Label.Padding, p.Y.Label.Padding = vg.Points(4), vg.Points(4)
	return p
}

// LossCurves draws the mean log loss after each epoch.
func LossCurves(train, validation []float64) (Picture, error) {
	p := newPlot("Log loss", "epoch", "")
	p.Y.Min = 0
	p.Legend.Top = true
	p.Legend.XOffs, p.Legend.YOffs = -vg.Points(8), -vg.Points(8)
	p.Legend.Padding = vg.Points(3)
	p.Add(plotter.NewGrid())
	for _, curve := range []struct {
		name   string
		losses []float64
		color  color.Color
	}{{"train", train, blue}, {"validation", validation, orange}} {
		points := make(plotter.XYs, len(curve.losses))
		for i, loss := range curve.losses {
			points[i] = plotter.XY{X: float64(i + 1), Y: loss}
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return Picture{}, err
		}
		line.Color = curve.color
		line.Width = vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(curve.name, line)
	}
	return Picture{p, 16 * vg.Centimeter, 10 * vg.Centimeter}, nil
}

// ReliabilityDiagram draws accuracy by confidence. The number at a point is that of its
// samples; on the dashed line, the probabilities are right.
func ReliabilityDiagram(of string, c *Calibration) (Picture, error) {
	p := newPlot(fmt.Sprintf("%s: calibration error %.3f", of, c.Error), "highest probability", "share of right tags")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	p.Add(plotter.NewGrid())
	ideal, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}})
	if err != nil {
		return Picture{}, err
	}
	ideal.Color, ideal.Dashes = grey, []vg.Length{vg.Points(4), vg.Points(3)}

	var at plotter.XYLabels
	for _, b := range c.Bins {
		at.XYs = append(at.XYs, plotter.XY{X: b.Confidence, Y: b.Accuracy})
		at.Labels = append(at.Labels, fmt.Sprintf("   %d   ", b.Samples))
	}
	line, points, err := plotter.NewLinePoints(at)
	if err != nil {
		return Picture{}, err
	}
	line.Color, line.Width = grey, vg.Points(1)
	points.GlyphStyleFunc = func(i int) draw.GlyphStyle { // the area in proportion to the samples
		radius := 1.5 + 8*math.Sqrt(float64(c.Bins[i].Samples)/float64(c.Samples))
		return draw.GlyphStyle{Color: blue, Radius: vg.Points(radius), Shape: draw.CircleGlyph{}}
	}
	labels, err := plotter.NewLabels(at)
	if err != nil {
		return Picture{}, err
	}
	for i, b := range c.Bins {
		style := &labels.TextStyle[i] // on the side away from the dashed line
		style.XAlign, style.YAlign = draw.XRight, draw.YBottom
		if b.Accuracy < b.Confidence {
			style.XAlign, style.YAlign = draw.XLeft, draw.YTop
		}
	}
	p.Add(ideal, line, points, labels)
	return Picture{p, 12 * vg.Centimeter, 12 * vg.Centimeter}, nil
}

// grid is a confusion matrix as a heat map: true classes from top to bottom, the
// share of each that was predicted as each.
type grid struct{ confusion Tally }

func (g grid) Dims() (columns, rows int) { return len(g.confusion), len(g.confusion) }
func (g grid) X(column int) float64      { return float64(column) }
func (g grid) Y(row int) float64         { return float64(row) }

func (g grid) Z(column, row int) float64 {
	of := g.confusion[len(g.confusion)-1-row]
	samples := 0
	for _, n := range of {
		samples += n
	}
	return ratio(of[column], samples)
}

// ConfusionMatrix draws how many samples of each class were predicted as each.
func ConfusionMatrix(of string, r *Report) (Picture, error) {
	n := len(r.Classes)
	p := newPlot(fmt.Sprintf("%s: %d samples, weighted F1 %.3f", of, r.Overall.Samples, r.Overall.F1), "predicted", "true")
	across, up := make([]plot.Tick, n), make([]plot.Tick, n)
	longest := vg.Length(0)
	for k, class := range r.Classes {
		across[k] = plot.Tick{Value: float64(k), Label: class}
		up[k] = plot.Tick{Value: float64(n - 1 - k), Label: class}
		longest = max(longest, p.X.Tick.Label.Width(class))
	}
	p.X.Tick.Marker = plot.ConstantTicks(across)
	p.Y.Tick.Marker = plot.ConstantTicks(up)
	cell := max(3*vg.Centimeter, min(6, 60/vg.Length(n))*vg.Centimeter/2)
	if longest > cell { // the names would run into one another
		style := &p.X.Tick.Label
		style.Rotation = math.Pi / 6
		style.XAlign, style.YAlign = draw.XRight, draw.YCenter
	}
	cells := grid{r.Confusion}
	heat := plotter.NewHeatMap(cells, shades{})
	heat.Min, heat.Max = 0, 1
	p.Add(heat)
	labels, err := counts(cells)
	if err != nil {
		return Picture{}, err
	}
	p.Add(labels)
	width := longest + vg.Length(n)*cell + 3*vg.Centimeter
	height := longest/2 + vg.Length(n)*cell*2/3 + 4*vg.Centimeter
	return Picture{p, width, height}, nil
}

// counts are the numbers in the cells, light on dark ones.
func counts(cells grid) (*plotter.Labels, error) {
	n := len(cells.confusion)
	var at plotter.XYLabels
	for row := range n {
		for column := range n {
			at.XYs = append(at.XYs, plotter.XY{X: float64(column), Y: float64(row)})
			at.Labels = append(at.Labels, fmt.Sprint(cells.confusion[n-1-row][column]))
		}
	}
	labels, err := plotter.NewLabels(at)
	if err != nil {
		return nil, err
	}
	for i, cell := range at.XYs {
		style := &labels.TextStyle[i]
		style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
		style.Font.Size = font.Length(12)
		if cells.Z(int(cell.X), int(cell.Y)) > 0.5 {
			style.Color = color.White
		}
	}
	return labels, nil
}

// shades go from white to a dark blue.
type shades struct{}

var _ palette.Palette = shades{}

func (shades) Colors() []color.Color {
	const steps = 64
	colors := make([]color.Color, steps)
	for i := range colors {
		mix := func(dark float64) uint8 { return uint8(255 - (255-dark)*float64(i)/(steps-1)) }
		colors[i] = color.RGBA{R: mix(20), G: mix(60), B: mix(120), A: 255}
	}
	return colors
}

package train

import (
	"bytes"
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Plots draws the result: the files, PNG, by their names.
func Plots(r *Result) (map[string][]byte, error) {
	confusion, err := confusionMatrix(r.Report)
	if err != nil {
		return nil, err
	}
	losses, err := lossCurves(r.Losses)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"confusion_matrix.png": confusion, "losses.png": losses}, nil
}

func lossCurves(losses []Loss) ([]byte, error) {
	p := plot.New()
	p.Title.Text = "Log loss"
	p.X.Label.Text = "epoch"
	p.Y.Min = 0
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	train, validation := make(plotter.XYs, len(losses)), make(plotter.XYs, len(losses))
	for i, loss := range losses {
		train[i] = plotter.XY{X: float64(i + 1), Y: loss.Train}
		validation[i] = plotter.XY{X: float64(i + 1), Y: loss.Validation}
	}
	for _, curve := range []struct {
		name   string
		points plotter.XYs
		color  color.Color
	}{
		{"train", train, color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}},
		{"validation", validation, color.RGBA{R: 0xd6, G: 0x5f, B: 0x0e, A: 0xff}},
	} {
		line, err := plotter.NewLine(curve.points)
		if err != nil {
			return nil, err
		}
		line.Color = curve.color
		line.Width = vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(curve.name, line)
	}
	return png(p, 16*vg.Centimeter, 10*vg.Centimeter)
}

// grid is a confusion matrix as a heat map: true classes from top to bottom, the
// share of each that was predicted as each.
type grid struct{ confusion [][]int }

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

func confusionMatrix(r *Report) ([]byte, error) {
	n := len(r.Classes)
	p := plot.New()
	p.Title.Text = fmt.Sprintf("Test part: %d samples, weighted F1 %.3f", r.Overall.Samples, r.Overall.F1)
	p.X.Label.Text = "predicted"
	p.Y.Label.Text = "true"
	across, up := make([]plot.Tick, n), make([]plot.Tick, n)
	for k, class := range r.Classes {
		across[k] = plot.Tick{Value: float64(k), Label: class}
		up[k] = plot.Tick{Value: float64(n - 1 - k), Label: class}
	}
	p.X.Tick.Marker = plot.ConstantTicks(across)
	p.Y.Tick.Marker = plot.ConstantTicks(up)

	cells := grid{r.Confusion()}
	heat := plotter.NewHeatMap(cells, shades{})
	heat.Min, heat.Max = 0, 1
	p.Add(heat)
	labels, err := counts(cells)
	if err != nil {
		return nil, err
	}
	p.Add(labels)
	side := vg.Length(min(6+4*n, 60)) * vg.Centimeter
	return png(p, side, side*3/4)
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

func png(p *plot.Plot, width, height vg.Length) ([]byte, error) {
	writer, err := p.WriterTo(width, height, "png")
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	_, err = writer.WriteTo(&buffer)
	return buffer.Bytes(), err
}

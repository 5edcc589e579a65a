package train

import "tagifai/internal/recipe"

// documents returns what is fitted: the texts of the samples, the further documents that
// the arguments make of each, and the extra samples.
func (s *samples) documents(args *recipe.Args) *samples {
	if len(args.Documents) == 0 && s.also == nil {
		all := *s
		all.first = len(s.texts)
		return &all
	}
	all := &samples{classes: s.classes}
	all.addDocuments(s, args, 1)
	all.first = len(all.texts)
	if s.also != nil {
		all.addDocuments(s.also, args, args.AlsoWeight)
	}
	return all
}

func (s *samples) addDocuments(of *samples, args *recipe.Args, times float64) {
	for i, text := range of.texts {
		label, line, weight := of.labels[i], of.lines[i], times*of.weights[i]
		s.add(text, label, line, weight, nil)
		for _, d := range args.Documents {
			if part, ok := of.parts[i][d.Column]; ok {
				s.add(part, label, line, weight*d.Weight, nil)
			}
		}
	}
}

package main

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"tagifai/model"
)

// writeModels makes three artifact directories: the embedded model, another with
// other classes, which the binary trains, and one that is damaged.
func writeModels(ctx context.Context, s *settings) (first, second, damaged string, err error) {
	dirs := make([]string, 3)
	for i, name := range []string{"first", "second", "damaged"} {
		dirs[i] = filepath.Join(s.dir, name)
	}
	for _, dir := range []string{dirs[0], dirs[2]} {
		if err := os.CopyFS(dir, model.DefaultFS()); err != nil {
			return "", "", "", err
		}
	}
	weights := filepath.Join(dirs[2], "model.safetensors")
	info, err := os.Stat(weights)
	if err == nil {
		err = os.Truncate(weights, info.Size()/2)
	}
	if err != nil {
		return "", "", "", err
	}
	return dirs[0], dirs[1], dirs[2], train(ctx, s, dirs[1])
}

// train trains a model on texts whose words say what class they are of.
func train(ctx context.Context, s *settings, out string) error {
	var b strings.Builder
	b.WriteString("text,tag\n")
	random := rand.New(rand.NewPCG(3, 4))
	classes := []string{"red", "green", "blue"}
	const rows, wordsOfRow = 600, 30
	for i := range rows {
		k := i % len(classes)
		some := len(words) / len(classes)
		for range wordsOfRow {
			b.WriteString(words[k*some+random.IntN(some)] + " ")
		}
		b.WriteString("," + classes[k] + "\n")
	}
	data, args := filepath.Join(s.dir, "data.csv"), filepath.Join(s.dir, "args.json")
	if err := os.WriteFile(data, []byte(b.String()), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(args, []byte(`{"min_freq": 1, "num_epochs": 5, "ngram_max_range": 6}`), 0o600); err != nil {
		return err
	}
	output, err := exec.CommandContext(ctx, s.binary, "train", "--data", data, "--args", args, "--out", out).CombinedOutput()
	if err != nil {
		return fmt.Errorf("tagifai train: %w: %s", err, output)
	}
	return nil
}

// A mount is a directory as Kubernetes makes it of a volume: its files are symbolic
// links through ..data, which is one to a directory that is never written to again. To
// change all files at once, ..data is replaced.
type mount struct {
	dir   string
	swaps int
}

// swap makes the mount have the files of a directory.
func (m *mount) swap(from string) error {
	const data, next = "..data", "..data_tmp"
	m.swaps++
	version := fmt.Sprintf("..version_%d", m.swaps)
	if err := os.CopyFS(filepath.Join(m.dir, version), os.DirFS(from)); err != nil {
		return err
	}
	old, err := os.Readlink(filepath.Join(m.dir, data))
	fresh := os.IsNotExist(err)
	if err != nil && !fresh {
		return err
	}
	if err := os.Symlink(version, filepath.Join(m.dir, next)); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(m.dir, next), filepath.Join(m.dir, data)); err != nil {
		return err
	}
	if !fresh {
		return os.RemoveAll(filepath.Join(m.dir, old))
	}
	return fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Symlink(filepath.Join(data, name), filepath.Join(m.dir, name))
	})
}

package main

import (
	"context"
	"debug/elf"
	"debug/macho"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// build builds the binary for a system, as make build does for this one.
func (r *release) build(ctx context.Context, s system, out string) error {
	if err := r.compile(ctx, s, "./cmd/tagifai", out); err != nil {
		return err
	}
	_, err := platforms(s, out)
	return err
}

// compile builds the program of a package for a system.
func (r *release) compile(ctx context.Context, s system, program, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w -X main.version="+r.version, "-o", out, program)
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+s.os, "GOARCH="+s.arch)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// platforms returns the systems that a binary runs on, as Python calls them. It is an
// error if the binary's header says another.
func platforms(s system, name string) ([]string, error) {
	if s.os == "darwin" {
		return macOS(s, name)
	}
	f, err := elf.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	machine := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[f.Machine]
	if s.os != "linux" || machine != s.arch {
		return nil, fmt.Errorf("the binary is for %v, not for %s/%s", f.Machine, s.os, s.arch)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return nil, errors.New("the binary is not static")
		}
	}
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[s.arch]
	// A static binary asks for no C library, so for none of a certain version.
	return []string{"manylinux_2_17_" + arch, "manylinux2014_" + arch, "musllinux_1_1_" + arch}, nil
}

// macOS is platforms for macOS, of which the binary says the earliest version.
func macOS(s system, name string) ([]string, error) {
	f, err := macho.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	machine := map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[f.Cpu]
	if machine != s.arch {
		return nil, fmt.Errorf("the binary is for %v, not for %s", f.Cpu, s.arch)
	}
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[s.arch]
	for _, load := range f.Loads {
		const buildVersion = 0x32 // LC_BUILD_VERSION: command, size, platform, earliest version
		if raw := load.Raw(); len(raw) >= 16 && binary.LittleEndian.Uint32(raw) == buildVersion {
			earliest := binary.LittleEndian.Uint32(raw[12:])
			return []string{fmt.Sprintf("macosx_%d_%d_%s", earliest>>16, earliest>>8&0xff, arch)}, nil
		}
	}
	return nil, errors.New("the binary does not say which macOS it needs")
}

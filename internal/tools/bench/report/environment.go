package report

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// An Environment says where and with what something was measured.
type Environment struct {
	Date     string   `json:"date"`
	Commit   string   `json:"commit"`
	CPU      string   `json:"cpu"`
	Cores    int      `json:"cores"`
	Kernel   string   `json:"kernel"`
	Go       string   `json:"go"`
	Packages []string `json:"packages"` // name and version
	// Load averages over a minute, before and after. One well above zero before says
	// that the machine had other work.
	LoadBefore string `json:"load_before"`
	LoadAfter  string `json:"load_after"`
}

// Look returns the environment and which of the Debian packages it lacks.
func Look(packages []string) (_ *Environment, missing []string, err error) {
	if runtime.GOOS != "linux" {
		return nil, nil, errors.New("the accounting of processes is read from Linux's /proc; this is " + runtime.GOOS)
	}
	versions, missing := installed(packages)
	e := &Environment{
		Date:       time.Now().Format(time.DateTime),
		Cores:      runtime.NumCPU(),
		Go:         runtime.Version(),
		Commit:     "unknown",
		CPU:        "unknown",
		Packages:   versions,
		Kernel:     firstField("/proc/sys/kernel/osrelease"),
		LoadBefore: firstField("/proc/loadavg"),
	}
	if commit, err := exec.Command("git", "describe", "--always", "--dirty").Output(); err == nil {
		e.Commit = strings.TrimSpace(string(commit))
	}
	cpu, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(cpu)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			e.CPU = strings.TrimSpace(value)
			break
		}
	}
	return e, missing, nil
}

// Finish notes how busy the machine is afterwards.
func (e *Environment) Finish() { e.LoadAfter = firstField("/proc/loadavg") }

// firstField returns the first word of a file, "unknown" without one.
func firstField(file string) string {
	content, _ := os.ReadFile(file)
	if fields := strings.Fields(string(content)); len(fields) > 0 {
		return fields[0]
	}
	return "unknown"
}

// installed returns the packages with their versions, and those that are missing: all of
// them where the system is not Debian.
func installed(packages []string) (versions, missing []string) {
	// It fails if one is unknown, and still names the others.
	out, _ := exec.Command("dpkg-query", append([]string{"-W", "-f", "${db:Status-Status} ${Package} ${Version}\n"}, packages...)...).Output()
	return parsePackages(out, packages)
}

// parsePackages reads lines of status, name and version of these packages.
func parsePackages(out []byte, packages []string) (versions, missing []string) {
	missing = slices.Clone(packages)
	for line := range bytes.Lines(out) {
		fields := strings.Fields(string(line))
		if len(fields) == 3 && fields[0] == "installed" {
			versions = append(versions, fields[1]+" "+fields[2])
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == fields[1] })
		}
	}
	return versions, missing
}

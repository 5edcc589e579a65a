package serve

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// forgetPages has the kernel take the pages of the program's own file out of the process: the
// code and the tables that starting needed, and the embedded model, of which it has made
// another. What is needed again comes back from the cache of files, where it stays. An error
// means that more memory than necessary is counted as resident.
func forgetPages() error {
	executable, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer func() { _ = maps.Close() }()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		// What may be written may have been, and would be lost.
		if len(fields) < 6 || fields[5] != executable || strings.Contains(fields[1], "w") {
			continue
		}
		var from, to uintptr
		if _, err := fmt.Sscanf(fields[0], "%x-%x", &from, &to); err != nil {
			return err
		}
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED); errno != 0 {
			return errno
		}
	}
	return lines.Err()
}

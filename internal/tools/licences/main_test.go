package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed list has all modules that are in the program, and each has a licence.
func TestListIsUpToDate(t *testing.T) {
	got, err := list()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("licences.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("licences.txt is not what go.mod says: run make licences\n%s", diff)
	}
}

func TestLicenceOf(t *testing.T) {
	mit, err := os.ReadFile("../../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	const agpl = "SPDX-License-Identifier: AGPL-3.0\n\nThis program is free software: you can redistribute it and/or modify it under the terms of the GNU Affero General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.\n\nThis program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU Affero General Public License for more details.\n\nYou should have received a copy of the GNU Affero General Public License along with this program. If not, see <https://www.gnu.org/licenses/>.\n"
	tests := []struct{ name, file, content, want, err string }{
		{"known", "LICENSE", string(mit), "MIT", ""},
		{"another name", "COPYING.txt", string(mit), "MIT", ""},
		{"none", "README", string(mit), "", "no licence is known"},
		{"not a licence", "LICENSE", "Do as you like.", "", "no licence is known"},
		{"not permitted", "LICENSE", agpl, "", "is not among those that are permitted"},
		{"one of two not permitted", "LICENSE", string(mit) + agpl, "", "is not among those that are permitted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, test.file), []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := licenceOf("example.org/new", dir)
			if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

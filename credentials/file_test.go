package credentials_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/credentials"
)

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPasswordsAreReadWithoutTheLinesEnd(t *testing.T) {
	for text, want := range map[string]string{"a": "a", "a\n": "a", "a\r\n": "a", " a b ": " a b "} {
		got, err := credentials.ReadPassword(credentials.Secret{}, "f", write(t, text))
		if err != nil || got != want {
			t.Errorf("%q gives %q, %v", text, got, err)
		}
	}
	got, err := credentials.ReadPassword(credentials.NewSecret("b"), "f", "")
	if err != nil || got != "b" {
		t.Errorf("the secret itself gives %q, %v", got, err)
	}
}

func TestUnusablePasswordFilesAreNamedAndNotShown(t *testing.T) {
	for text, want := range map[string]string{
		"": "is empty", "\n": "is empty", "hunter2\nhunter2\n": "several lines", strings.Repeat("x", 1<<20+1): "more than 1048576 bytes",
	} {
		file := write(t, text)
		_, err := credentials.ReadPassword(credentials.Secret{}, "sasl.password_file", file)
		var unusable *credentials.FileError
		if !errors.As(err, &unusable) || unusable.Field != "sasl.password_file" || !strings.Contains(err.Error(), file+" ") ||
			!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), hidden) {
			t.Errorf("%.10q gives %v", text, err)
		}
	}
	if _, err := credentials.ReadPassword(credentials.Secret{}, "f", "/no/such/file"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	if credentials.ValidatePassword("password", credentials.NewSecret("a"), "b") == nil {
		t.Error("a password may be given twice")
	}
}

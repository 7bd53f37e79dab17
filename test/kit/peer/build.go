package peer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"muster/test/kit/cache"
)

// ErrNoSource says that a folder holds no peer.
var ErrNoSource = errors.New("there is no pom.xml of the peer")

// Build returns a folder with the peer's jar, and those that it needs in lib
// below it. Maven fills it when there is none yet of this very source, which is
// left as it is.
func Build(ctx context.Context, source string) (string, error) {
	if _, err := os.Stat(filepath.Join(source, "pom.xml")); err != nil {
		return "", fmt.Errorf("%w in %s: its source is no part of the repository; "+
			"say which folder has it, with pom.xml and src, by PEER=path: %w", ErrNoSource, source, err)
	}
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("looking for %s, which the peer needs (Java 17 or later, and Maven): %w", tool, err)
		}
	}
	sum, err := fingerprint(source)
	if err != nil {
		return "", fmt.Errorf("reading the peer's source: %w", err)
	}
	built, err := cache.Fill("peer-"+sum, func(work string) (string, error) { return compile(ctx, source, work) })
	if err != nil {
		return "", fmt.Errorf("building the peer of %s: %w", source, err)
	}
	return built, nil
}

// fingerprint tells apart states of the source: all that goes into a build.
func fingerprint(source string) (string, error) {
	h := sha256.New()
	add := func(path string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
		return err
	}
	if err := add(filepath.Join(source, "pom.xml")); err != nil {
		return "", err
	}
	err := filepath.WalkDir(filepath.Join(source, "src"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return add(path)
	})
	return hex.EncodeToString(h.Sum(nil)[:8]), err
}

// compile lets Maven build a copy of the source, which may be read-only.
func compile(ctx context.Context, source, work string) (string, error) {
	pom, err := os.ReadFile(filepath.Join(source, "pom.xml"))
	if err != nil {
		return "", err
	}
	project := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(project, pom, 0o600); err != nil {
		return "", err
	}
	if err := os.CopyFS(filepath.Join(work, "src"), os.DirFS(filepath.Join(source, "src"))); err != nil {
		return "", fmt.Errorf("copying the source: %w", err)
	}
	mvn := exec.CommandContext(ctx, "mvn", "-B", "-q", "-f", project, "package")
	if out, err := mvn.CombinedOutput(); err != nil {
		return "", fmt.Errorf("running mvn: %w\n%s", err, out)
	}
	return filepath.Join(work, "target"), nil
}

package kafka

import (
	"context"
	_ "embed" // the pom is part of the package, wherever it runs
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed pom.xml
var pom []byte

// version returns the version of Apache Kafka that pom.xml names.
func version() (string, error) {
	var project struct {
		Version string `xml:"properties>kafka.version"`
	}
	if err := xml.Unmarshal(pom, &project); err != nil {
		return "", fmt.Errorf("parsing pom.xml: %w", err)
	}
	if project.Version == "" {
		return "", errors.New("parsing pom.xml: it has no kafka.version")
	}
	return project.Version, nil
}

// install returns the folder with Kafka's jars, filling it on first use. The
// folder is MUSTER_CACHE, else .cache/muster in the home folder.
func install(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("looking for java, which a real Kafka needs (version 17 or later): %w", err)
	}
	cache, err := cacheFolder()
	if err != nil {
		return "", err
	}
	v, err := version()
	if err != nil {
		return "", err
	}
	jars := filepath.Join(cache, "kafka-"+v)
	if _, err := os.Stat(jars); err == nil {
		return jars, nil
	}
	if err := download(ctx, cache, jars); err != nil {
		return "", fmt.Errorf("installing Kafka %s: %w", v, err)
	}
	return jars, nil
}

func cacheFolder() (string, error) {
	if folder := os.Getenv("MUSTER_CACHE"); folder != "" {
		return folder, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("looking for the cache folder: %w", err)
	}
	return filepath.Join(home, ".cache", "muster"), nil
}

// download lets Maven fill a folder of its own and then renames it, so that
// a folder that is there is complete.
func download(ctx context.Context, cache, jars string) error {
	if _, err := exec.LookPath("mvn"); err != nil {
		return fmt.Errorf("looking for mvn, which fetches it: %w", err)
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	project, into := filepath.Join(work, "pom.xml"), filepath.Join(work, "jars")
	if err := os.WriteFile(project, pom, 0o600); err != nil {
		return err
	}
	mvn := exec.CommandContext(ctx, "mvn", "-B", "-q", "-f", project,
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+into)
	if out, err := mvn.CombinedOutput(); err != nil {
		return fmt.Errorf("running mvn: %w\n%s", err, out)
	}
	if err := os.Rename(into, jars); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

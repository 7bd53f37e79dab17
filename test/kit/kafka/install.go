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

	"muster/test/kit/cache"
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

// install returns the folder with Kafka's jars, filling it on first use.
func install(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("looking for java, which a real Kafka needs (version 17 or later): %w", err)
	}
	v, err := version()
	if err != nil {
		return "", err
	}
	jars, err := cache.Fill("kafka-"+v, func(work string) (string, error) { return download(ctx, work) })
	if err != nil {
		return "", fmt.Errorf("installing Kafka %s: %w", v, err)
	}
	return jars, nil
}

// download lets Maven fill a folder.
func download(ctx context.Context, work string) (string, error) {
	if _, err := exec.LookPath("mvn"); err != nil {
		return "", fmt.Errorf("looking for mvn, which fetches it: %w", err)
	}
	project, into := filepath.Join(work, "pom.xml"), filepath.Join(work, "jars")
	if err := os.WriteFile(project, pom, 0o600); err != nil {
		return "", err
	}
	mvn := exec.CommandContext(ctx, "mvn", "-B", "-q", "-f", project,
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+into)
	if out, err := mvn.CombinedOutput(); err != nil {
		return "", fmt.Errorf("running mvn: %w\n%s", err, out)
	}
	return into, nil
}

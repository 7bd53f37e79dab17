package main

import (
	"fmt"
	"os"
	"path/filepath"

	"muster/config"
)

// demoFile is the name of the configuration that --folder writes.
const demoFile = "demo.yaml"

// writeFolder writes what other commands need to look into the demo while it
// runs: a configuration, and the segments that are in force at the start.
// What an earlier demo has left there is written over, as ports change.
func (cmd *demoCommand) writeFolder(cfg config.Config) error {
	if cmd.Folder == "" {
		return nil
	}
	sources, err := exampleSegments()
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`# Of evaluator demo, for other commands to look into it while it runs.
kafka: {brokers: [%q], sources: [%q]}
redis: {addresses: [%q], buckets: %d}
segments: {path: segments}
clock: %s
`, cfg.Kafka.Brokers[0], cfg.Kafka.Sources[0], cfg.Redis.Addresses[0], cfg.Redis.Buckets, cfg.Clock)
	files := map[string][]byte{demoFile: []byte(text)}
	for _, s := range sources {
		files[filepath.FromSlash(s.Name)] = s.Data
	}
	for name, data := range files {
		path := filepath.Join(cmd.Folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("writing the demo's configuration: %w", err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("writing the demo's configuration: %w", err)
		}
	}
	return nil
}

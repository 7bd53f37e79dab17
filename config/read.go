package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"muster/credentials"
	"muster/history/files"
)

// Read reads and checks a configuration file, and the files of certificates
// and passwords that it names. An error holds line and column: of the first
// mistake in the form of the text, else of every setting that nobody knows,
// else of every value that can't be used, else of every file that can't.
func Read(path string) (Config, error) {
	c := Default()
	data, err := readSome(path)
	if err != nil {
		return c, fmt.Errorf("reading configuration: %w", err)
	}
	var keys keyErrors
	if err := c.decode(data, os.LookupEnv); errors.As(err, &keys) {
		return c, fmt.Errorf("configuration %s:\n%w", path, err)
	} else if err != nil {
		return c, fmt.Errorf("reading configuration %s: %w", path, err)
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("configuration %s:\n%w", path, placed(err, data))
	}
	c.resolve(filepath.Dir(path))
	if err := c.checkFiles(data); err != nil {
		return c, fmt.Errorf("configuration %s:\n%w", path, err)
	}
	return c, nil
}

// readSome reads a file as far as it matters: decode refuses a longer one.
func readSome(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxConfig+1))
}

// resolve looks for files beside the configuration.
func (c *Config) resolve(folder string) {
	c.Archive.Resolve(folder)
	for _, file := range []*string{
		&c.Segments.Path, &c.Cubes.Path, &c.Kafka.SASL.PasswordFile, &c.Kafka.TLS.CAFile, &c.Kafka.TLS.CertFile, &c.Kafka.TLS.KeyFile,
		&c.Redis.PasswordFile, &c.Redis.TLS.CAFile, &c.Redis.TLS.CertFile, &c.Redis.TLS.KeyFile,
		&c.API.TokensFile, &c.API.Backfills, &c.API.TLS.CertFile, &c.API.TLS.KeyFile,
	} {
		if *file != "" && !filepath.IsAbs(*file) && !files.IsBucket(*file) {
			*file = filepath.Join(folder, *file)
		}
	}
}

// checkFiles returns a line for every file that can't be used, with its place
// in the configuration's text.
func (c *Config) checkFiles(text []byte) error {
	return errors.Join(filesOf("kafka", c.Kafka.CheckFiles(), text), filesOf("redis", c.Redis.CheckFiles(), text),
		filesOf("api", c.API.CheckFiles(), text))
}

func filesOf(part string, err error, text []byte) error {
	var several interface{ Unwrap() []error }
	if !errors.As(err, &several) {
		return err
	}
	var lines []error
	for _, one := range several.Unwrap() {
		var file *credentials.FileError
		if errors.As(one, &file) {
			one = fmt.Errorf("  %s%s: %w", placeOf(text, part+"."+file.Field), part, one)
		}
		lines = append(lines, one)
	}
	return errors.Join(lines...)
}

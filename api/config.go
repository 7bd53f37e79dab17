package api

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"muster/api/access"
	"muster/credentials"
	"muster/history/archive"
)

// Config is about the port of the API. Start from Default.
type Config struct {
	// Listen is the host:port to listen on; "" for no API. Default "".
	Listen string `yaml:"listen"`
	// TLS has HTTPS spoken. Default: plain HTTP, for behind a proxy.
	TLS credentials.ServerTLS `yaml:"tls"`
	// Tokens and TokensFile hold a line for each token, with its name, scopes
	// and hash, as evaluator token create prints it. The file, of 1 MB at most,
	// is taken over within a second or so of a change. Together there are at
	// most 1,000. Default: empty; one of them is needed unless Insecure.
	Tokens     credentials.Secret `yaml:"tokens"`
	TokensFile string             `yaml:"tokens_file"`
	// Insecure has everybody on this machine let in without a token. Listen
	// must be a loopback address then. Default false.
	Insecure bool `yaml:"insecure"`
	// Origins are the sites whose pages may ask from a browser, as
	// https://console.example.com. Default none.
	Origins []string `yaml:"origins"`
	// Rate is how many requests a token may make in a second in the long run,
	// 1 to 1,000,000, and Burst how many at once, 1 to 1,000,000. More are
	// answered with 429. Default 1000 and 2000.
	Rate  int `yaml:"rate"`
	Burst int `yaml:"burst"`
	// Streams is how many change streams are open at once, 1 to 10,000. With
	// one more the oldest is told to connect again. Default 1000.
	Streams int `yaml:"streams"`
	// Backfills is the work directory of backfills that are told of, which
	// evaluators may write to and share with those who do backfills: a folder, or
	// s3://bucket/prefix, which is reached as the section archive says. Default
	// none.
	Backfills string `yaml:"backfills"`
}

// The bounds of settings.
const (
	maxRate    = 1_000_000
	maxStreams = 10_000
)

// Default returns the documented defaults.
func Default() Config { return Config{Rate: 1000, Burst: 2000, Streams: 1000, Origins: []string{}} }

// Validate returns everything that is wrong, joined, in the order of the
// fields. It reads no file; see CheckFiles.
func (c Config) Validate() error {
	return errors.Join(
		c.validateListen(), c.TLS.Validate(), c.validateTokens(), c.validateInsecure(), c.validateOrigins(),
		between("rate", c.Rate, maxRate), between("burst", c.Burst, maxRate), between("streams", c.Streams, maxStreams), c.validateBackfills(),
	)
}

func between(field string, value, most int) error {
	if value < 1 || value > most {
		return fmt.Errorf("%s is %d; it must be between 1 and %d", field, value, most)
	}
	return nil
}

func (c Config) validateBackfills() error {
	_, _, bucket, err := archive.SplitS3(c.Backfills)
	if err != nil || !bucket && strings.Contains(c.Backfills, "://") {
		return fmt.Errorf("backfills is %q; it must be a folder or s3://bucket/prefix", c.Backfills)
	}
	return nil
}

func (c Config) validateListen() error {
	if c.Listen == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen is %q; it must be host:port, as :8090, or empty for none", c.Listen)
	}
	return nil
}

func (c Config) validateTokens() error {
	if c.Listen == "" || c.Insecure || c.TokensFile != "" || !c.Tokens.Empty() {
		return nil
	}
	return errors.New("tokens_file is missing: make a token with evaluator token create and put its line into a file, " +
		"or set insecure for a machine that only you use")
}

func (c Config) validateInsecure() error {
	if !c.Insecure || c.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); err != nil || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil // what is no host:port is told of listen
	}
	return fmt.Errorf("insecure is set and listen is %q, where others reach it: listen on 127.0.0.1, or use tokens", c.Listen)
}

func (c Config) validateOrigins() error {
	var problems []error
	for _, origin := range c.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Scheme+"://"+u.Host != origin {
			problems = append(problems, fmt.Errorf("origins: %q is no origin, as https://console.example.com", origin))
		}
	}
	return errors.Join(problems...)
}

// CheckFiles returns a *credentials.FileError for each file that can't be
// used, joined.
func (c Config) CheckFiles() error {
	if c.Listen == "" {
		return nil
	}
	err := c.TLS.Check()
	if c.Insecure {
		return errors.Join(err)
	}
	_, wrong := access.NewKeys(c.access())
	if wrong != nil {
		wrong = &credentials.FileError{Field: "tokens_file", Err: wrong}
	}
	return errors.Join(err, wrong)
}

// access are the tokens of the configuration.
func (c Config) access() access.Options {
	return access.Options{Text: c.Tokens.Reveal(), File: c.TokensFile, Limit: c.limit()}
}

func (c Config) limit() access.Limit { return access.Limit{Rate: float64(c.Rate), Burst: c.Burst} }

package credentials

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The mechanisms of SASL, by Kafka's names.
const (
	Plain       = "PLAIN"
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
)

var mechanisms = []string{Plain, ScramSHA256, ScramSHA512}

// SASL says as whom to sign in at Kafka's brokers. The zero value is nobody.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. PLAIN sends the
	// password as it is, so use it with TLS only. Default: empty, for not
	// signing in.
	Mechanism string `yaml:"mechanism"`
	// Username is who signs in. Required with a mechanism.
	Username string `yaml:"username"`
	// Password or PasswordFile, a file with one line that is read for every
	// connection. One of them is required with a mechanism.
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// Validate returns what is missing or unknown, joined, in the order of the
// fields.
func (s SASL) Validate() error {
	if s.Mechanism == "" {
		if s != (SASL{}) {
			return fmt.Errorf("sasl.mechanism: it is missing although other fields of sasl are set; it is one of %s", strings.Join(mechanisms, ", "))
		}
		return nil
	}
	var errs []error
	if !slices.Contains(mechanisms, s.Mechanism) {
		errs = append(errs, fmt.Errorf("sasl.mechanism: %q is none of %s", s.Mechanism, strings.Join(mechanisms, ", ")))
	}
	if s.Username == "" {
		errs = append(errs, errors.New("sasl.username: it is missing"))
	}
	if s.Password.Empty() && s.PasswordFile == "" {
		errs = append(errs, errors.New("sasl.password: it is missing, and so is password_file"))
	}
	errs = append(errs, ValidatePassword("sasl.password", s.Password, s.PasswordFile))
	return errors.Join(errs...)
}

// Read returns the password as it is now, or a *FileError.
func (s SASL) Read() (string, error) {
	return ReadPassword(s.Password, "sasl.password_file", s.PasswordFile)
}

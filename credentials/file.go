package credentials

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// maxFile bounds a file of certificates or with a password, in bytes. All the
// authorities that browsers know take a fifth of it.
const maxFile = 1 << 20

// FileError is returned for a file that can't be used.
type FileError struct {
	Field string // of the configuration, as tls.ca_file
	Err   error
}

// Error names the field.
func (e *FileError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the file.
func (e *FileError) Unwrap() error { return e.Err }

// ReadPassword returns the secret or, if there is none, what the file named
// in the field holds, without the line's end.
func ReadPassword(secret Secret, field, file string) (string, error) {
	if file == "" {
		return secret.Reveal(), nil
	}
	text, err := readFile(field, file)
	if err != nil {
		return "", err
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if password == "" {
		return "", &FileError{field, fmt.Errorf("%s is empty", file)}
	}
	if strings.ContainsAny(password, "\r\n") {
		return "", &FileError{field, fmt.Errorf("%s has several lines; it must hold the password alone", file)}
	}
	return password, nil
}

// ValidatePassword refuses a password, of a field of the configuration, that
// is given twice.
func ValidatePassword(field string, secret Secret, file string) error {
	if !secret.Empty() && file != "" {
		return fmt.Errorf("%s: there is a password_file too; keep one of them", field)
	}
	return nil
}

func readFile(field, name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, &FileError{field, err}
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, &FileError{field, err}
	}
	if len(data) > maxFile {
		return nil, &FileError{field, fmt.Errorf("%s has more than %d bytes", name, maxFile)}
	}
	return data, nil
}

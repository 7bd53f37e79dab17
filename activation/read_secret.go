package activation

import (
	"path/filepath"
	"regexp"

	"github.com/goccy/go-yaml/ast"

	"muster/credentials"
)

// A secret never stands in a file of destinations, which belongs into a
// repository as segments do. The file says where it is: in an environment
// variable, or in a file that holds it alone.

func (r *reading) readSecrets(n ast.Node) (secrets []credentials.Secret) {
	r.list(n, "secrets", "a list as [{env: CRM_SECRET}] or [{file: /run/secrets/crm}]", maxSecrets, func(n ast.Node) {
		if secret := r.secret(n, "a secret"); !secret.Empty() {
			secrets = append(secrets, secret)
		}
	})
	return secrets
}

// variable is how the configuration file names an environment variable.
var variable = regexp.MustCompile(`^\$\{(\w+)\}$`)

// secret reads {env: NAME} or {file: NAME} and what is there; an empty one
// after a mistake.
func (r *reading) secret(n ast.Node, what string) (secret credentials.Secret) {
	if text, ok := n.(*ast.StringNode); ok {
		hint := "write {env: NAME} or {file: NAME}, and put it there"
		if found := variable.FindStringSubmatch(text.Value); found != nil {
			hint = "write {env: " + found[1] + "}"
		}
		r.wrong(n, hint, "%s must not stand in the file itself", what)
		return secret
	}
	before, said := len(r.mistakes), 0
	ok := r.mapping(n, what, []field{
		{"env", func(n ast.Node) { said++; secret = r.fromEnvironment(n) }},
		{"file", func(n ast.Node) { said++; secret = r.fromFile(n) }},
	})
	if ok && said != 1 && len(r.mistakes) == before {
		r.wrong(n, "write {env: NAME} or {file: NAME}", "%s must come from one place", what)
		return credentials.Secret{}
	}
	return secret
}

func (r *reading) fromEnvironment(n ast.Node) credentials.Secret {
	name := r.text(n, "env")
	if name == "" {
		return credentials.Secret{}
	}
	value, ok := r.lookup(name)
	switch {
	case !ok:
		r.wrong(n, "set it where the service and evaluator check run", "the environment variable %s is not set", name)
	case value == "":
		r.wrong(n, "set it to the secret", "the environment variable %s is empty", name)
	}
	return credentials.NewSecret(value)
}

func (r *reading) fromFile(n ast.Node) credentials.Secret {
	name := r.beside(r.text(n, "file"))
	if name == "" {
		return credentials.Secret{}
	}
	text, err := credentials.ReadPassword(credentials.Secret{}, "file", name)
	if err != nil {
		r.wrong(n, "name a file that holds the secret alone and that the service may read", "%s", err)
	}
	return credentials.NewSecret(text)
}

// beside returns the path of a file that the file being read names.
func (r *reading) beside(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(r.name), name)
}

// Checks and signs notes with the code that verifies Go's checksum database. It reads one JSON
// object from standard input and writes another.
package main

import (
	"crypto/rand"
	"encoding/json"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"
)

type request struct {
	Check []struct {
		Keys []string `json:"keys"`
		Note string   `json:"note"`
	} `json:"check"`
	Sign []struct {
		Name string `json:"name"`
		Text string `json:"text"`
	} `json:"sign"`
}

type signed struct {
	Key  string `json:"key"`
	Note string `json:"note"`
}

type answer struct {
	Checked []bool   `json:"checked"`
	Signed  []signed `json:"signed"`
}

func check(keys []string, text string) bool {
	var verifiers []note.Verifier
	for _, key := range keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			log.Fatalf("the key %q: %v", key, err)
		}
		verifiers = append(verifiers, verifier)
	}
	_, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	return err == nil
}

func sign(name, text string) signed {
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		log.Fatal(err)
	}
	made, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		log.Fatal(err)
	}
	return signed{Key: public, Note: string(made)}
}

func main() {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		log.Fatal(err)
	}
	var said answer
	for _, one := range asked.Check {
		said.Checked = append(said.Checked, check(one.Keys, one.Note))
	}
	for _, one := range asked.Sign {
		said.Signed = append(said.Signed, sign(one.Name, one.Text))
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		log.Fatal(err)
	}
}

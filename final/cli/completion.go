package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drydock/final/engine"
	"drydock/final/images/catalog"
	"drydock/final/networks"
)

func completionCommand(c *call) *cobra.Command {
	shells := []string{"bash", "fish", "zsh"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Generate the autocompletion script for the specified shell", Args: exactly(1), ValidArgs: shells,
		Long: "Generate the autocompletion script for bash, zsh or fish:\n\n" +
			"  drydock completion bash >/etc/bash_completion.d/drydock\n" +
			"  drydock completion zsh >/usr/share/zsh/vendor-completions/_drydock\n" +
			"  drydock completion fish >/usr/share/fish/vendor_completions.d/drydock.fish",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return cmd.Root().GenBashCompletionV2(c.stdout, true)
			case "zsh":
				return cmd.Root().GenZshCompletion(c.stdout)
			case "fish":
				return cmd.Root().GenFishCompletion(c.stdout, true)
			}
			return fmt.Errorf("unknown shell %s: there are %s", args[0], strings.Join(shells, ", "))
		},
	}
}

// A lister lists the names of one kind of thing.
type lister func(*engine.Engine) []string

// kinds are whose names follow a command: those of its first word, its second and so on, and the last for all further ones.
var kinds = map[string][]lister{
	"attach": {containers, nothing}, "commit": {containers, nothing}, "diff": {containers, nothing}, "exec": {containers, nothing},
	"export": {containers, nothing}, "inspect": {containers}, "kill": {containers}, "logs": {containers, nothing}, "pause": {containers},
	"port": {containers, nothing}, "rename": {containers, nothing}, "restart": {containers}, "rm": {containers}, "start": {containers},
	"stats": {containers}, "stop": {containers}, "top": {containers, nothing}, "unpause": {containers}, "update": {containers}, "wait": {containers},
	"create": {images, nothing}, "history": {images, nothing}, "push": {images, nothing}, "rmi": {images}, "run": {images, nothing},
	"save": {images}, "tag": {images, nothing}, "image inspect": {images}, "image rm": {images},
	"volume inspect": {volumeNames}, "volume rm": {volumeNames},
	"network connect": {networkNames, containers, nothing}, "network disconnect": {networkNames, containers, nothing},
	"network inspect": {networkNames}, "network rm": {networkNames},
}

// completes has commands complete the names of what they are about.
func (c *call) completes(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		c.completes(below)
	}
	words := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
	list, known := kinds[words]
	if !known {
		list, known = kinds[strings.TrimPrefix(strings.TrimPrefix(words, "container "), "image ")]
	}
	if !known || words == "volume create" || words == "network create" {
		return
	}
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		names := list[min(len(args), len(list)-1)]
		e, err := engine.Open(c.root, c.config, func(string) {}) // who completes a word wants no notes
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		left := slices.DeleteFunc(names(e), func(name string) bool { return slices.Contains(args, name) })
		return left, cobra.ShellCompDirectiveNoFileComp
	}
}

func nothing(*engine.Engine) []string { return nil }

func containers(e *engine.Engine) (names []string) {
	all, _ := e.Containers.List() // those that can be read
	for _, r := range all {
		names = append(names, r.Name)
	}
	return names
}

func images(e *engine.Engine) (names []string) {
	all, _ := catalog.Read(e.Images) // those that can be read
	for _, img := range all {
		names = append(names, img.Tags...)
	}
	return names
}

func volumeNames(e *engine.Engine) (names []string) {
	all, _ := e.Volumes.List() // those that can be read
	for _, v := range all {
		names = append(names, v.Name)
	}
	return names
}

func networkNames(e *engine.Engine) (names []string) {
	all, _ := networks.List(e.Root) // those that can be read
	for _, n := range all {
		names = append(names, n.Name)
	}
	return names
}

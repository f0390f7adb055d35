// Package export_wardlet_plugin_plugin is where a plugin puts what it says of itself.
package export_wardlet_plugin_plugin

import (
	witTypes "wardlet/bindings/wit/types"

	"wardlet/bindings/wardlet_plugin_plugin"
)

// Describe gives the plugin's declaration.
var Describe func() wardlet_plugin_plugin.Description

// Configure validates the settings.
var Configure func() witTypes.Result[witTypes.Unit, []wardlet_plugin_plugin.SettingFault]

    # Values that are known beforehand, behind their option or subcommand.
    $values = @{@values@
    }
    $previous = $commandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | Select-Object -Last 1
    if ($null -ne $previous -and -not $wordToComplete.StartsWith('-')) {
        $inside = $commandElements[1].Extent.Text + ' ' + $previous.Extent.Text
        $known = if ($values.ContainsKey($inside)) { $values[$inside] } else { $values[$previous.Extent.Text] }
        if ($null -ne $known) {
            return $known | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)
            }
        }
    }


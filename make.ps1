# The targets of the Makefile for Windows:  .\make.ps1 run | test | check | bench | setup | clean
param(
    [ValidateSet("help", "run", "test", "check", "bench", "setup", "clean")]
    [string]$Target = "help",
    [Parameter(ValueFromRemainingArguments = $true)]
    [string[]]$Arguments
)
Set-Location $PSScriptRoot
$own = ".venv\Scripts\python.exe"

function Find-Python {
    foreach ($candidate in @("py -3.13", "py -3.12", "py -3.11", "py -3", "python")) {
        $parts = $candidate.Split(" ")
        $rest = @($parts | Select-Object -Skip 1)
        try { & $parts[0] @rest -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" 2>$null } catch { continue }
        if ($LASTEXITCODE -eq 0) { return $parts }
    }
    Write-Error "Agent Assist needs Python 3.11, 3.12 or 3.13. Install it with: winget install Python.Python.3.13"
    exit 3
}

if ($Target -eq "help") {
    Write-Output "run     set up what is missing, then start Agent Assist"
    Write-Output "test    set up what is missing, then run every check and test"
    Write-Output "check   only the quick checks: style, format, types, layers"
    Write-Output "bench   the benchmarks in tests/benchmarks"
    Write-Output "setup   only the set-up"
    Write-Output "clean   remove the environment; your workspaces stay"
    exit 0
}
if ((Test-Path $own) -and ($Target -ne "clean")) { $python = @($own) } else { $python = @(Find-Python) }
$rest = @($python | Select-Object -Skip 1)
& $python[0] @rest packaging\bootstrap.py $Target @Arguments
exit $LASTEXITCODE

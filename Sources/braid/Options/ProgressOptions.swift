import ArgumentParser

/// How much a command says while it works.
struct ProgressOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Says nothing of how far the work is: prints the result only, and what is wrong.")
    var quiet = false
}

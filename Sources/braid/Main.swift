import ArgumentParser
import Foundation

@main
enum Main {
    /// Runs the command; the exit status is 0, 1 (the input is wrong, or something cannot be written) or 2 (bad usage).
    static func main() {
        Console.begin()
        var status: Int32 = 0
        do {
            var command = try Braid.parseAsRoot(Main.joiningNegativeNumbers(Array(CommandLine.arguments.dropFirst())))
            try command.run()
        } catch {
            status = Failure.report(error, of: Braid.self)
        }
        exit(StandardOutput.finish(status))
    }

    /// The arguments, `--option -1` written as `--option=-1`: ArgumentParser takes every word that begins with a dash for an option, and
    /// no option is a number.
    static func joiningNegativeNumbers(_ arguments: [String]) -> [String] {
        var joined: [String] = []
        for (index, argument) in arguments.enumerated() {
            if arguments[..<index].contains("--") {
                joined.append(argument)
            } else if let option = joined.last, option.hasPrefix("--"), option != "--", !option.contains("="), argument.hasPrefix("-"),
                Double(argument) != nil
            {
                joined[joined.count - 1] += "=" + argument
            } else {
                joined.append(argument)
            }
        }
        return joined
    }
}

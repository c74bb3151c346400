import ArgumentParser
import Source

/// `braid describe --operators [NAME]`: what a network can be written with.
///
/// The answer is given while arguments are checked, as for `--help`, since no FILE is needed: the group must stand before the one with
/// the FILE in its command.
struct CatalogOptions: ParsableArguments {
    private static let everything = "all"

    @Option(
        defaultAsFlag: everything,
        help: ArgumentHelp("Lists the operators and activations of the language, or explains one; needs no FILE.", valueName: "name"))
    var operators: String?

    func validate() throws {
        guard let operators else { return }
        if operators == Self.everything { throw CleanExit.message(CatalogText.everything) }
        guard let text = CatalogText.page(of: operators) else {
            let nearest = Spelling.nearest(to: operators, in: CatalogText.names)
            throw ValidationError(
                "nothing is called '\(operators)'; " + (nearest.map { "did you mean '\($0)'?" } ?? "--operators alone lists all"))
        }
        throw CleanExit.message(text)
    }
}

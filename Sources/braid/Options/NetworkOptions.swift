import ArgumentParser
import Compiler

/// Which network of which file, with which parameters.
struct NetworkOptions: ParsableArguments {
    @Argument(help: Self.fileHelp, completion: .file(extensions: ["braid"]))
    var file: String

    @OptionGroup var choice: NetworkChoice

    static let fileHelp = ArgumentHelp(
        "A .braid file, or the printed text of a stage; FILE:NAME picks one of several networks.", valueName: "file")

    /// Reads and elaborates the network; warnings go to standard error.
    func load() throws(CompilerError) -> Network { try choice.load(file) }
}

/// Which network of a file, with which parameters.
struct NetworkChoice: ParsableArguments {
    @Option(help: ArgumentHelp("The network, where the file has several.", valueName: "name"))
    var network: String?

    @Option(
        name: .customShort("D"), parsing: .singleValue,
        help: ArgumentHelp("Sets a parameter of the network, such as classes=100; may be given repeatedly.", valueName: "name=value"),
        transform: ParameterDefinition.init)
    var definitions: [ParameterDefinition] = []

    /// Reads and elaborates the network of `file`; warnings go to standard error.
    func load(_ file: String) throws(CompilerError) -> Network {
        let values = Dictionary(definitions.map { ($0.name, $0.value) }) { _, last in last }
        let network = try Network.load(file, name: network, definitions: values)
        if !network.diagnostics.isEmpty {
            Console.error(CompilerError(network.diagnostics, network.sources).text(usesColor: Console.errorUsesColor))
        }
        return network
    }
}

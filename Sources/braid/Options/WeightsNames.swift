import ArgumentParser
import Compiler
import Interchange
import Training

/// Files of weights, and what their tensors are called in the network.
struct WeightsNames: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Renames tensors of the weights, such as 'backbone.*=*': each * behind the sign is what the one before it stands for; may be given repeatedly.",
            valueName: "old=new"),
        transform: WeightsNames.mapping)
    var map: [NameMapping] = []

    /// The kinds of files, for help.
    static let formats = "safetensors, an index of several, .pth, .pt, .bin or .npz"

    /// Reads a value of `--map`.
    static func mapping(_ text: String) throws -> NameMapping {
        do {
            return try NameMapping(text)
        } catch {
            throw ValidationError("--map: \(error.message); \(error.repair)")
        }
    }

    /// Throws where names are mapped of weights that are not given.
    func requireWeights(_ weights: String?) throws {
        if weights == nil, !map.isEmpty { throw ValidationError("--map renames tensors of --weights: give both") }
    }

    /// Opens a file of weights and maps its names; what is to be told of it goes to standard error.
    func open(_ path: String) throws -> WeightsFile { try Self.open(path, map) }

    static func open(_ path: String, _ mappings: [NameMapping]) throws -> WeightsFile {
        let file = try WeightsFile(path: path)
        for note in file.notes { Console.error("note: \(note)\n") }
        return try file.mapped(mappings)
    }

    /// The weights of a network: those of a file, or those that came with it where none is named.
    func open(_ path: String?, of network: Network) throws -> WeightsFile? { try open(path) ?? network.ownWeights }

    /// The same of weights that need not be given.
    func open(_ path: String?) throws -> WeightsFile? { try path.map { try open($0) } }
}

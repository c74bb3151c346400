import Analysis
import Graph

extension NetworkDescription {
    /// - Parameters:
    ///   - batch: the number of images that activation bytes are given for.
    ///   - sizes: what numbers are given for, where the network's sizes are no numbers yet; all of its sizes, and such that fit.
    ///   - precisions: of the layers (`Compiler.layerPrecisions`), by their value in the network's graph; none where all is f32.
    /// - Throws: where the network computes with the number of images, and takes none that is tried.
    public init(
        _ network: Network, batch: Int = 1, sizes: [String: Int] = [:], precisions: [Value: LayerPrecision] = [:]
    ) throws(CompilerError) {
        let text = Documentation(network: network.documentation, interface: network.interfaceDocumentation, blocks: network.blocks)
        do {
            try self.init(of: network.graph, name: network.name, text, batch: batch, sizes: sizes, precisions: precisions)
        } catch {
            throw CompilerError(error, network.sources)
        }
    }
}

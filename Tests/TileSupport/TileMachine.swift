import CTileTrap
import LoopNest
import Machine

/// Whether machine code with tiles can be run in tests.
public enum TileMachine {
    /// On processors with tiles; and on those of x86-64 that have all else which `Target.x86AMX` needs, where the instructions of tiles are
    /// carried out one by one when they trap.
    public static let runsTiles: Bool = {
        let needed = Target.x86AMX.featureList, here = Target.host.featureList
        let others = needed.present.filter { !$0.hasPrefix("amx-") && !here.contains($0) }
        return Target.host.triple.hasPrefix("x86_64") && others.isEmpty && braid_tiles_are_carried_out() != 0
    }()
}

package io.weir.flink;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.StateInitializationContext;

/** What a part has been told by the control topic, so that each record is told once, and again after a restart. */
final class Told {
    private static final MapStateDescriptor<Long, byte[]> CONTROL = new MapStateDescriptor<>("weir-control", Types.LONG, Outputs.BYTES);

    /** By offset. */
    private final BroadcastState<Long, byte[]> kept;
    private long toldTo = -1;
    private int edit = -1;

    Told(StateInitializationContext context) throws Exception {
        kept = context.getOperatorStateStore().getBroadcastState(CONTROL);
        for (ControlLog.Entry entry : before()) passed(entry);
    }

    /** What was kept of it, in order. */
    List<ControlLog.Entry> before() throws Exception {
        TreeMap<Long, byte[]> inOrder = new TreeMap<>();
        for (Map.Entry<Long, byte[]> one : kept.immutableEntries()) inOrder.put(one.getKey(), one.getValue());
        List<ControlLog.Entry> entries = new ArrayList<>();
        for (byte[] frame : inOrder.values()) entries.add(ControlLog.Entry.of(frame));
        return entries;
    }

    /** What a new job begins with: the newest record of each key before the base, in order. */
    List<ControlLog.Entry> first(List<ControlLog.Entry> log, long base) throws Exception {
        Map<String, ControlLog.Entry> newest = new LinkedHashMap<>();
        for (ControlLog.Entry entry : log) if (entry.offset() < base) newest.put(entry.key(), entry.asFirst());
        for (ControlLog.Entry entry : newest.values()) {
            keep(entry);
            passed(entry);
        }
        return before();
    }

    private void passed(ControlLog.Entry entry) {
        toldTo = Math.max(toldTo, entry.offset());
        if (entry.isRules()) edit = Math.max(edit, entry.edit());
    }

    /** Is it to be told? It is kept then. Fails if edits between it and the last one are gone. */
    boolean isNews(ControlLog.Entry entry) throws Exception {
        if (entry.offset() <= toldTo) return false;
        if (entry.isRules() && entry.edit() <= edit) return false;
        if (entry.isRules() && entry.edit() != edit + 1)
            throw new IllegalStateException("the control topic holds edit " + entry.edit() + " of the rules behind " + edit
                    + ": those between are gone, and what is kept belongs to them; begin anew, or restore a newer savepoint");
        passed(entry);
        keep(entry);
        return true;
    }

    /** Of rules every version is kept, since state belongs to versions; of all else the newest of a key. */
    private void keep(ControlLog.Entry entry) throws Exception {
        if (!entry.isRules()) for (ControlLog.Entry old : before()) if (old.isReplacedBy(entry)) kept.remove(old.offset());
        kept.put(entry.offset(), entry.frame());
    }
}

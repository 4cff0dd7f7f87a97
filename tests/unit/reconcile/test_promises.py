"""Each promise about identity, leaving and shared things, and the tests that hold it.

The promises are those of docs/explanation/identity.md and leaving.md, one by one. A test that is
renamed or removed is missed here.
"""

from __future__ import annotations

import ast
import functools
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[3]
HERE = "tests/unit/reconcile"

PROMISES: dict[str, tuple[str, ...]] = {
    # The record and its name.
    "a record is made before anything else is written, and only once": (
        "test_decide::test_a_selected_cluster_gets_a_record_before_anything_else",
        "test_writing::test_a_record_is_created_once",
        "test_life::test_order_of_first_writes",
    ),
    "its name has a fixed length, no separator, and is never computed again": (
        "tests/unit/objects/test_names::test_a_name_is_what_ako_and_avi_can_carry",
        "test_whose::test_names_of_outside_things_do_not_change_with_the_clusters_name",
    ),
    "names, instance and workload are immutable; epochs rise by one": (
        "tests/component/deploy/test_record_rules::test_identity_is_kept",
        "tests/component/deploy/test_record_rules::test_what_may_change",
        "test_handover::test_epochs_only_rise",
    ),
    "an annotation on a Cluster proves nothing, cloned, forged or gone": (
        "test_whose::test_the_annotation_on_a_cluster_proves_nothing",
        "test_whose::test_without_the_annotation_all_goes_on",
    ),
    "each step of leaving is stored before the next begins": (
        "test_departure::test_each_step_is_stored_before_the_next_begins",
        "test_departure_letgo::test_a_crash_at_any_write_is_survived",
    ),
    "workload writes check who answers first; after let go there is no client": (
        "test_life::test_another_cluster_behind_the_kubeconfig_is_not_touched",
        "test_departure::test_no_workload_write_once_the_cluster_is_let_go",
        "test_whose::test_a_new_cluster_behind_the_name_of_a_leaked_one_is_not_touched",
    ),
    # Absence is not deletion.
    "leaving starts from a deletion that is seen, of a Cluster neither paused nor moving": (
        "test_decide::test_a_deletion_that_is_seen_starts_leaving",
        "test_decide::test_a_paused_cluster_is_left_alone_even_in_deletion",
        "test_decide::test_a_mark_alone_is_no_move",
        "test_decide_properties::test_every_situation",
    ),
    "or from a config seen not to match, or being deleted, with policy Remove": (
        "test_decide::test_unmatched_is_removed_when_the_stored_policy_says_so",
        "test_life_unselected::test_a_deleted_config_orphans_and_is_let_go",
        "test_departure_removal::test_a_stale_cache_starts_nothing",
    ),
    "or from a person's annotation": (
        "test_decide_annotations::test_leave_sweep_starts_leaving_whatever_the_policy",
        "test_departure_removal::test_leave_sweep_by_annotation_removes_and_does_not_come_back",
    ),
    "a Cluster that is not there waits for a person": (
        "test_decide::test_a_cluster_that_is_not_there_is_not_deleted",
        "test_departure_identity::test_a_vanished_cluster_waits_for_a_person",
        "test_decide::test_a_record_of_a_cluster_that_lives_elsewhere_is_dropped_by_annotation",
    ),
    "unless nothing was ever touched for it": (
        "test_handover::test_nothing_was_touched_so_the_record_ends_by_itself",
        "test_handover::test_what_may_have_been_touched_waits_for_a_person",
    ),
    "a config that is not there waits for a person": (
        "test_life_unselected::test_a_config_that_vanishes_removes_nothing",
        "test_decide::test_absence_and_mistakes_remove_nothing",
    ),
    "a namesake is adopted only with the same workload; else it is another cluster": (
        "test_decide::test_a_vanished_cluster_is_adopted_only_if_its_workload_is_the_same",
        "test_departure_identity::test_the_same_workload_under_a_new_uid_is_adopted",
        "test_departure_identity::test_a_new_cluster_of_the_same_name_gets_its_own_record",
        "test_whose::test_stripped_and_made_again_while_the_operator_was_down",
    ),
    # Moves, restores, two management clusters.
    "a moved record lives as usual, and leaves only after it was adopted": (
        "test_handover::test_a_moved_record_lives_as_usual",
        "test_handover::test_it_is_not_taken_away_from_here_until_it_is_adopted",
        "test_handover::test_no_deadline_takes_it_away_from_here",
        "tests/component/moves/test_moves_real::test_there_and_back_and_deleted",
    ),
    "adopt is one write, acts once, and only by the right id": (
        "test_handover::test_the_annotation_and_its_effect_are_one_write",
        "test_handover::test_it_is_adopted_while_it_lives",
        "test_handover::test_a_wrong_id_has_no_effect_and_is_answered",
    ),
    "a lost claim is made again only by a person's annotation": (
        "test_handover::test_adopting_ourselves_says_that_a_claim_may_be_made_again",
        "tests/component/moves/test_restores_real::test_etcd_of_yesterday",
    ),
    "the source drops its record and touches nothing": (
        "test_departure_identity::test_a_moved_cluster_takes_its_record_along_and_touches_nothing",
        (
            "test_departure_identity"
            "::test_a_cluster_that_was_gone_before_anybody_could_look_was_moved_all_the_same"
        ),
        "tests/unit/app/test_world_moves::test_only_what_was_last_seen_moving_was_moved_away",
    ),
    "a copy restored elsewhere takes nothing away, and its owner nothing after it did": (
        (
            "tests/component/moves/test_restores_real"
            "::test_a_copy_restored_elsewhere_and_deleted_there"
        ),
    ),
    # Orphans, relocation.
    "an orphan stays as it is, and is swept when its Cluster is deleted": (
        "test_life_unselected::test_unselected_is_orphaned_and_resumes",
        "test_life_unselected::test_an_orphan_is_swept_when_its_cluster_is_deleted",
    ),
    "removal from a living cluster undeploys": (
        "test_departure_removal::test_remove_cleans_up_and_leaves_the_cluster_alone_for_good",
    ),
    "another name or address of the same place is no relocation": (
        "test_relocation::test_another_name_of_the_same_place_is_no_relocation",
    ),
    "the new place is looked at before the old one leaves": (
        "test_relocation::test_a_typo_relocates_nothing",
        "test_relocation::test_a_relocation_leaves_the_old_place_first_and_lives_at_the_new_one",
    ),
    "relocations count as removals": (
        "test_relocation::test_relocations_are_braked_like_removals",
    ),
    "a place ends proved, or abandoned by an annotation that is about this relocation": (
        "test_relocation::test_no_deadline_ends_a_relocation",
        "test_relocation::test_an_old_place_is_abandoned_by_annotation_and_only_that_one",
        "test_relocation::test_an_annotation_said_before_a_relocation_is_not_about_it",
        "test_relocation::test_nothing_begins_where_nobody_can_prove",
    ),
    "no place is left or used twice, whatever crashes": (
        "test_relocation::test_a_crash_at_every_write_ends_as_without_one",
        "test_decide_properties::test_every_way_to_leave",
    ),
    # Finalizers, deadline, proof.
    "the finalizer goes at the end, is tried for ever, and others' stay": (
        "test_departure_letgo::test_a_refused_finalizer_patch_is_tried_for_ever",
        "test_departure_letgo::test_foreign_finalizers_survive",
        (
            "tests/component/moves/test_webhooks_real"
            "::test_letting_go_is_tried_until_the_manager_is_back"
        ),
    ),
    "a finished record is kept, then pruned": (
        "test_departure::test_a_finished_record_is_kept_and_then_pruned",
        "test_decide_annotations::test_a_finished_record_is_kept_for_a_week",
    ),
    "release never holds the Cluster": (
        "test_departure_letgo::test_release_never_holds_the_cluster",
    ),
    "the deadline counts no pauses and acts only after one complete attempt": (
        "test_departure_identity::test_a_paused_deletion_waits_and_its_time_does_not_count",
        "test_departure::test_the_deadline_needs_one_complete_attempt",
        (
            "test_whose"
            "::test_an_operator_that_was_down_for_two_hours_tries_once_before_the_deadline_acts"
        ),
        (
            "test_whose"
            "::test_an_operator_that_was_down_all_the_time_counts_from_when_it_saw_the_deletion"
        ),
    ),
    "then the record is Leaked and goes on; or it holds": (
        "test_departure::test_what_is_held_is_named_until_the_deadline",
        "test_leaving::test_a_leaked_record_goes_on_sweeping_and_is_released_when_proven",
        "test_departure::test_on_deadline_hold_holds",
    ),
    "without a verifier nothing is ever called clean": (
        "test_departure_letgo::test_without_a_verifier_it_is_let_go_but_never_called_clean",
        "test_departure_fence::test_a_verifier_without_sight_proves_nothing",
    ),
    "what is not known waits": (
        "test_decide_annotations::test_newer_data_waits",
        "test_decide_annotations::test_a_missing_plugin_waits_in_life_and_in_leaving",
        "test_departure_letgo::test_a_missing_plugin_holds_the_cluster",
    ),
    # Brakes and annotations.
    "removals are limited, also over a restart": (
        "test_departure_removal::test_removals_are_braked",
        "test_brakes::test_how_many_an_hour",
    ),
    "records and definitions are not deleted by hand": (
        (
            "tests/component/deploy/test_policies"
            "::test_a_living_record_is_kept_and_the_user_told_what_to_do"
        ),
        "tests/component/deploy/test_policies::test_our_definitions_are_kept_until_a_user_confirms",
        "test_departure_removal::test_a_record_deleted_by_hand_stays_and_says_why",
    ),
    "every annotation that has no effect is answered": (
        "test_departure_removal::test_annotations_that_are_not_followed_are_answered",
        "test_relocation::test_an_abandon_without_a_reason_does_nothing",
        "test_relocation::test_let_go_says_nothing_to_a_cluster_that_lives",
    ),
    "uninstall says what will happen, and does it in order": (
        "tests/unit/cli/test_cli_uninstall::test_remove_asks_says_and_waits",
        "tests/unit/cli/test_cli_uninstall::test_orphan_takes_finalizers_off_and_nothing_else",
        ("tests/fire/test_fire_uninstall::test_remove_takes_ako_from_all_and_no_cluster_away"),
        (
            "tests/fire/test_fire_uninstall"
            "::test_orphan_touches_no_ako_and_an_operator_takes_it_all_up_again"
        ),
    ),
    # Shared things.
    "a use is stored, then looked at, then confirmed or withdrawn": (
        "test_uses::test_a_use_is_stored_before_it_is_looked_at",
        "test_uses::test_a_use_of_a_thing_on_its_way_out_is_withdrawn",
    ),
    "nothing shared is deleted while it is used, and nobody waits for ever": (
        "tests/sim/test_uses_explored::test_nothing_in_use_is_deleted_and_all_go_on",
        "tests/unit/plugin_host/test_uses_of::test_tentative_and_confirmed_uses_count",
    ),
}


@functools.cache
def functions(module: str) -> frozenset[str]:
    """The test functions of a module, by its path from the root without the suffix."""
    path = ROOT / (module if "/" in module else f"{HERE}/{module}")
    tree = ast.parse(path.with_suffix(".py").read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_is_held(promise: str) -> None:
    held = [test.partition("::")[::2] for test in PROMISES[promise]]
    assert held
    assert [name for module, name in held if name not in functions(module)] == []

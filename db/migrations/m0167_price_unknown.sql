-- Somebody without a known price under a limit of costs: numbers that are given stay.
create or replace function reason_number(reason text) returns smallint language sql immutable parallel safe as $$
    select coalesce(array_position(string_to_array('not_on_whatsapp,invalid_number,own_number,landline,unreachable,opted_out,business_blocked_user,blocked,identity_changed,' ||
        'phone_needed,country_blocked,experiment,marketing_cap,test_recipient,window_closed,template_missing,template_paused,' ||
        'template_disabled,template_parameters,template_policy,template_invalid,template_category,flow_blocked,media,too_long,' ||
        'unsupported,bad_request,token_invalid,permission,payment,account_locked,number_not_registered,display_name,' ||
        'sender_invalid,sender_unregistered,marketing_api,spam_rate,carrier_filtered,quiet_hours,spend_cap,warm_up,pair_rate,' ||
        'throughput,api_rate,queue_full,temporary,network,provider_outage,call_ended,cancelled_by_provider,discarded,' ||
        'unknown_outcome,' ||
        'session_ended,session_elsewhere,client_outdated,new_people_limit,call_unanswered,call_busy,call_refused,call_machine,call_fault,change_too_late,call_limit,' ||
        'price_unknown', ','), reason), 0)::smallint
$$;
